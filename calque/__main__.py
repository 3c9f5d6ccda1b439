"""`python -m calque`, for launchers that want a module (torchrun, accelerate)."""

from calque.cli.main import main

if __name__ == "__main__":
    main()
