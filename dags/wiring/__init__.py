"""What the workflows share: how a step runs, retries, waits and leaves a note, and the assets that link them."""
