"""Networks of transformers as specifications of CTranslate2, one file for each layout; `table` knows which is whose."""
