"""`python -m pipeline` is `catalog3d`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
