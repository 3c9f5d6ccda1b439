"""From text to translation: the engine that searches, the translator around it, and whole files through it."""
