"""Scripts, drawings and sounds of the bundled example films; `dev/make_examples.py` renders them."""
