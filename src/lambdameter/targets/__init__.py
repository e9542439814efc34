"""Where functions run: AWS and the emulator through one client, and a scripted fake."""
