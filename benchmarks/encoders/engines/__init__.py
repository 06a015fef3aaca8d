"""The forms in which each engine runs an encoder: `forms(encoder, data)` gives name -> call.

A call gives the real steps of the batch, (n, features); a form that cannot is left out.
"""
