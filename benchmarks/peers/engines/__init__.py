"""What each engine needs to do a work in the form it likes best."""
