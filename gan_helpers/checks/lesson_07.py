"""Checks of lesson 07 · The discriminator with ten logits; of exercises 3 and 4: lesson_07_nets."""

import math

import torch
import torch.nn.functional as F

from gan_helpers.checks import check, is_number, is_tensor, mistakes, near, same_slopes, two_numbers
from gan_helpers.checks.lesson_07_nets import LOGITS, classifier_loss, undecided
from gan_helpers.checks.terms import reached, right_terms

__all__ = ["classifier_loss", "k_plus_one_loss", "probability_real", "undecided"]


@check
def probability_real(answer):
    """answer(logits [B, K]) -> σ(lse) [B], finite at ±200."""
    probabilities = answer(LOGITS)
    yield is_tensor(probabilities)
    yield (
        probabilities.shape == (4,),
        f"logits [4, 3] become {list(probabilities.shape)}",
        "one number a picture: sum over dimension 1",
    )
    z = LOGITS.exp().sum(1)
    right = z / (z + 1)
    below_top = (LOGITS - LOGITS.amax(1, keepdim=True)).exp().sum(1)
    yield from mistakes(
        probabilities,
        (torch.log(z), "it is lse, any real number", "lse is the score; a probability is σ of it"),
        (1 - right, "it is the probability of fake", "1 minus that"),
        (
            LOGITS.softmax(1).max(1).values,
            "it is the largest share",
            "that says how sure D is of a class, not how sure it is of a digit",
        ),
        (right.log(), "it is the logarithm of the probability", "σ(lse), without a log"),
        (right.sigmoid(), "a sigmoid is taken twice", "σ(lse) is a probability: one is enough"),
        (
            (z + 1) / (z + 2),
            "the e^0 of fake counts twice",
            "σ(lse) is Z / (Z + 1) and has it already: no softplus and no 0 added before it",
        ),
        (
            LOGITS.amax(1).sigmoid(),
            "only the largest logit counts",
            "all of them do: Z is the sum of their e^logit",
        ),
        (z / (z + 3), "it takes the mean of the e^logit", "Z is their sum"),
        (
            z / (z + math.e),
            "the logit of fake is 1",
            "it is fixed at 0, so that it adds e^0 = 1 to the sum",
        ),
        (
            1 - LOGITS.softmax(1)[:, -1],
            "one of the given classes is taken as fake",
            "fake is one class more, whose logit is 0",
        ),
        (
            1 - LOGITS[:, -1].exp() / (z + 1),
            "the share of a given class is left out, and not that of fake",
            "fake has the column in which you put its 0: in front it is 0, at the end -1",
        ),
        (
            1 - (-LOGITS).sigmoid().prod(1),
            "each class is weighed against fake by itself",
            "the classes exclude each other: Z / (Z + 1)",
        ),
        (
            LOGITS.softmax(1).logsumexp(1).sigmoid(),
            "a softmax stands before the logsumexp",
            "logsumexp of the logits as they are",
        ),
        (
            below_top / (below_top + 1),
            "the largest logit is subtracted from the classes, and not from the 0 of fake",
            "what is subtracted from all leaves shares as they are: e^(-top) in place of e^0",
        ),
        (
            torch.ones(4),
            "it is 1 whatever the logits are",
            "the shares of all classes add up to 1: put a 0 behind the logits, and leave its share "
            "out by [:, :-1], since there are not always ten classes",
        ),
        ((z > 1).float(), "it says only yes or no", "the probability itself: no threshold"),
    )
    yield from _right_rows(probabilities, right)
    of_twelve = answer(torch.zeros(2, 12))
    yield (
        near(of_twelve, torch.full((2,), 12 / 13)),
        f"twelve logits of 0 give {two_numbers(of_twelve[0], 12 / 13)}",
        "Z is 12 here: all logits count, however many there are",
    )
    yield from _far_apart(answer)
    for shape in ((1, 12), (5, 3), (3, 1)):
        some = torch.randn(shape) * 2
        yield from same_slopes(answer, lambda logits: logits.logsumexp(1).sigmoid(), some)


def _right_rows(probabilities, right):
    """The line on the first row of LOGITS that has the wrong probability."""
    for row, result, value in zip(LOGITS.tolist(), probabilities, right, strict=True):
        powers = " + ".join(f"e^{logit:g}" for logit in row)
        z = sum(math.exp(logit) for logit in row)
        yield (
            near(result, value),
            f"logits {row} give {two_numbers(result, value)}",
            f"Z = {powers} = {z:.4g}, and fake has e^0 = 1: Z / (Z + 1)",
        )


def _far_apart(answer):
    """Lines about probabilities and their slopes at logits of ±200."""
    extreme = torch.tensor([[200.0, 0.0, -200.0], [-200.0, -200.0, -200.0]], requires_grad=True)
    far = answer(extreme)
    values = far.detach()
    yield (
        bool(values[0].isfinite()),
        f"at logits of 200, 0 and -200 it is {values[0]:.4g}",
        "do not compute e^200: logsumexp",
    )
    yield (
        bool(values[1].isfinite()),
        f"three logits of -200 give {values[1]:.4g} in a batch that has 200 in another row",
        "each row has a largest logit of its own: .logsumexp(1)",
    )
    for row, result, value in zip(extreme.tolist(), values, (1.0, 0.0), strict=True):
        yield (
            near(result, value),
            f"logits {row} give {two_numbers(result, value)}",
            "no bounds on the way: logsumexp and sigmoid need none",
        )
    yield (
        far.requires_grad,
        "it has lost its graph",
        "no .detach(), no .item(), no NumPy and no torch.no_grad(): D is trained by it",
    )
    (slope,) = torch.autograd.grad(far.sum(), extreme)
    yield (
        bool(torch.isfinite(slope).all()),
        "at logits of ±200 its gradient is not a number",
        "the value survives e^200 = ∞, the gradient does not: .logsumexp(1), then .sigmoid()",
    )


@check
def k_plus_one_loss(answer):
    """answer(real_logits [B, K+1], labels [B], fake_logits [C, K+1]) -> cross-entropy of D."""
    real = torch.randn(2, 13)  # twelve classes, and "fake"
    fake = torch.randn(3, 13)
    labels = torch.tensor([1, 7])
    loss_of_as_many = answer(real, labels, fake[:2])  # as many fakes as labels
    yield from is_number(loss_of_as_many)
    yield from mistakes(
        loss_of_as_many,
        (
            F.cross_entropy(real, labels) + F.cross_entropy(fake[:2], labels),
            "the fakes have the labels of the real batch",
            "that is the recipe of section 3: no term of it says fake",
        ),
    )
    loss = answer(real, labels, fake)
    yield from is_number(loss)
    yield not loss.isnan(), "it is NaN", "F.cross_entropy leaves out targets of -100: give class K"
    of_real = F.cross_entropy(real, labels)
    of_class = [F.cross_entropy(fake, torch.full((3,), k)) for k in range(13)]
    yield from _right_class(loss - of_real, of_class)
    of_fake = of_class[12]
    right = of_real + of_fake
    all_labels = torch.tensor([1, 7, 12, 12, 12])
    at_once = F.cross_entropy(torch.cat([real, fake]), all_labels)
    twice = F.cross_entropy(real.softmax(1), labels)
    twice = twice + F.cross_entropy(fake.softmax(1), all_labels[2:])
    over_all_five = "the mean over real plus the mean over fake"
    yield from mistakes(
        loss,
        (of_real, "the fakes are left out", "a second cross-entropy, of fake_logits"),
        (of_fake, "the real digits are left out", "both parts"),
        (
            of_real + (fake.logsumexp(1) - fake.mean(1)).mean(),
            "the fakes have the uniform target",
            "with an eleventh class there is a better answer: that class",
        ),
        (right / 2, "it is half of it", "the sum of the two means"),
        (at_once, "it is one mean over all five pictures", over_all_five),
        (2 * at_once, "it is twice one mean over all five pictures", over_all_five),
        (-right, "the sign is wrong", "F.cross_entropy has its minus inside"),
        (twice, "a softmax is taken twice", "F.cross_entropy has one inside and wants raw logits"),
    )
    sure_real = 30 * F.one_hot(labels, 13).float()
    sure_fake = 30 * F.one_hot(all_labels[2:], 13).float()
    terms = [
        ("the real digits", (sure_real, labels, fake), of_real),
        ("the fakes", (real, labels, sure_fake), of_fake),
    ]
    means = f"{of_real:.4g} for the real digits and {of_fake:.4g} for the fakes, of class 12"
    yield from right_terms(
        answer,
        (real, labels, fake),
        terms,
        f"the mean cross-entropy over all 13 logits is {means}: print yours",
    )
    names = "`real_logits`", "`labels`", "`fake_logits`"
    yield from reached(answer, (real, labels, fake), names)
    far = torch.tensor([[-200.0, 200.0, 0.0]])
    loss_of_far = answer(far, torch.tensor([0]), far)
    yield (
        near(loss_of_far, 600.0),
        f"at logits of ±200 it is {two_numbers(loss_of_far, 600)}",
        "no log of a softmax, no bounds: F.cross_entropy",
    )
    for classes, count in ((4, 5), (13, 1), (11, 6)):
        yield from same_slopes(
            answer,
            _k_plus_one_loss,
            torch.randn(3, classes),
            torch.tensor([0, classes - 2, 1]),
            torch.randn(count, classes) * 3,
        )


def _right_class(of_fake, of_class):
    """Lines on whether the fakes' part of the loss is that of another class than K = 12."""
    hints = {
        0: "0 is a digit: they need a class of their own",
        10: "there are not always ten classes: the last of the logits is fake_logits.shape[1] - 1",
        11: "K + 1 logits are numbered 0 … K: the last one is K",
    }
    other = "whatever labels a batch has, and however many: fake_logits.shape[1] - 1"
    for k, value in enumerate(of_class[:12]):
        yield not near(of_fake, value), f"the fakes have class {k}", hints.get(k, other)


def _k_plus_one_loss(real_logits, labels, fake_logits):
    fake = torch.full((len(fake_logits),), fake_logits.shape[1] - 1)
    return F.cross_entropy(real_logits, labels) + F.cross_entropy(fake_logits, fake)
