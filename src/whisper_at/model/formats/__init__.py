"""The files that Whisper weights come in, all read to one set of names.

In: a `model.bin` of CTranslate2, a `.pt` of OpenAI, a folder of Hugging Face. Out: variables with the names
of CTranslate2, which are the canonical ones, and a folder in its form, so that nothing else knows the others.
"""
