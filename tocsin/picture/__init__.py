"""The running city as the console sees it: pipeline state, store and configuration made into one view."""
