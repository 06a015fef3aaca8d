"""Backups of a training whose updates take several batches."""

import numpy as np
import pytest

from maskseq import callbacks, optimizers
from tests.training.fit_cases import X, Y, classifier


class Interrupting(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def collecting():
    """Three batches of an epoch, the last of them small: updates pass the ends of epochs."""
    return classifier(optimizers.SGD(0.5, gradient_accumulation_steps=4))


def test_a_backup_keeps_how_much_each_batch_counts(tmp_path):
    given = {"x": X[:19], "y": Y[:19], "epochs": 4, "batch_size": 8, "verbose": 0}
    whole, again = collecting(), collecting()
    whole.fit(**given)
    with pytest.raises(KeyboardInterrupt):
        collecting().fit(**given, callbacks=[callbacks.BackupAndRestore(tmp_path), Interrupting()])
    again.fit(**given, callbacks=callbacks.BackupAndRestore(tmp_path))
    for ours, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
