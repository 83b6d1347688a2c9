"""How noise changes words, and how well the noise is named under speech."""
