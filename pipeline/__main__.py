"""`python -m pipeline` is `x2i`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
