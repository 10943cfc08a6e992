"""What the lessons of Adversarial Digits share. Read a lesson first, then the module it imports.

    data          MNIST as tensors, scaled to [-1, 1], in batches
    networks      generators and discriminators, noise, samples
    losses        pairs of losses on scores, gradient penalties
    class_losses  pairs of losses on class logits
    training      the two steps, the loop, its history, averaged weights
    recipes       the compact recipe as one step
    guesses       labels guessed from the digits alone, and a generator that draws them
    metrics       what is measured of a set of fakes, by the judges
    judges        the digit classifiers that measure
    plots         pictures of digits and of training
    tables        the stored tables that claims rest on
    lesson        what every lesson does once: parameters, claims, scores, record
    parameters    what a lesson's parameters may be
    quiz          multiple choice
    neighbours    precision, recall, density and coverage of features
    shipped       reads the files that come with the course, and compares their checksums
    threads       how many CPU threads training takes
    memory        what keeps a lesson small in memory

In folders of their own: `widgets` (live parts), `game` (lesson 00), `checks` (of the exercises).
"""
