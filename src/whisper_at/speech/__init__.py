"""Features to transcript: Whisper's own long-form rules around the decoder."""
