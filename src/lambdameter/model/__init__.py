"""The records that cross the core. Import each from the file that has it."""
