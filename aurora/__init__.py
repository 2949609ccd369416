"""Aurora: the backend-for-frontend behind a skincare chat."""

__version__ = "0.1.0"
