"""Files of any size: one pure function from a window of texts to its rows, called here or on many machines."""
