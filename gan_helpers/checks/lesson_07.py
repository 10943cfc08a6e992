"""Checks of lesson 07 · Wasserstein GAN."""

import torch
from torch import nn

from gan_helpers.checks import check, is_number, is_tensor, near


@check
def critic_and_generator_loss(answer):
    """answer(real_scores [B], fake_scores [C]) -> mean fake - mean real, and -mean fake."""
    real = torch.tensor([3.0, 5.0], requires_grad=True)
    fake = torch.tensor([1.0, 0.0, 2.5], requires_grad=True)
    found = answer(real, fake)
    yield (
        isinstance(found, tuple | list) and len(found) == 2,
        "it does not return two losses",
        "the critic's first, then the generator's",
    )
    critic, generator = found
    yield from is_number(critic)
    yield from is_number(generator)
    mean_real, mean_fake = 4.0, 3.5 / 3
    yield (
        not near(critic, mean_real - mean_fake),
        "the critic's loss is its estimate, which it should make large",
        "a loss is minimised: turn it round",
    )
    yield (
        not near(generator, mean_fake),
        "G makes the scores of its fakes small",
        "G wants high marks: minus their mean",
    )
    yield (
        not near(generator, mean_real - mean_fake),
        "G's loss has the real scores in it",
        "G cannot change them; only the fakes count",
    )
    yield (
        not near(critic, mean_fake + mean_real) and not near(critic, -mean_fake - mean_real),
        "the critic treats real and fake alike",
        "one of the two means has to go up and the other down",
    )
    yield (
        not near(critic, 3.5 - 8.0),
        "it adds up the scores of the critic",
        "the mean, so that batches of any size agree",
    )
    yield (
        near(critic, mean_fake - mean_real),
        f"the critic's loss is {critic:.3f} and not {mean_fake - mean_real:.3f}",
        "mean of fake minus mean of real",
    )
    yield (
        near(generator, -mean_fake),
        f"G's loss is {generator:.3f} and not {-mean_fake:.3f}",
        "minus the mean of the fake scores",
    )
    yield (
        critic.requires_grad and generator.requires_grad,
        "it has lost its graph",
        "no .detach() and no .item()",
    )
    slopes = torch.autograd.grad(critic, (real, fake), allow_unused=True)
    right = torch.full((2,), -1 / 2), torch.full((3,), 1 / 3)
    yield (
        all(
            slope is not None and near(slope, wanted)
            for slope, wanted in zip(slopes, right, strict=True)
        ),
        "the critic's loss has the right value and the wrong gradient",
        "both means must keep their graph",
    )


@check
def earth_movers_distance(answer):
    """answer(a [N], b [N]) -> mean distance of the sorted numbers."""
    a, b = torch.tensor([2.0, 1.0, 6.0]), torch.tensor([0.0, 10.0, 5.5])
    a.requires_grad_()
    found = answer(a, b)
    yield from is_number(found, "one number: the mean over the heaps")
    yield (
        not near(found, (a - b).abs().mean()),
        "it is the cost of the assignment as the numbers come",
        "sort both first",
    )
    yield (
        not near(found, (a.sort().values - b).abs().mean())
        and not near(found, (a - b.sort().values).abs().mean()),
        "only one of the two is sorted",
        "both have to be in order",
    )
    yield (
        not near(found, (a.sort().values - b.sort(descending=True).values).abs().mean()),
        "one is sorted upwards and the other downwards",
        "smallest to smallest",
    )
    yield not near(found, 8.5), "it is the whole way of all heaps", "the mean, not the sum"
    squared = (a.sort().values - b.sort().values).square().mean()
    yield (
        not near(found, squared) and not near(found, squared.sqrt()),
        "the ways are squared",
        "the cost is the distance itself: abs",
    )
    near_by = torch.cdist(a.unsqueeze(1), b.unsqueeze(1)).min(1).values.mean()
    yield (
        not near(found, near_by),
        "each heap goes to the nearest hole, and two share one",
        "each hole takes one heap: sort both",
    )
    yield (
        not near(found.abs(), (a - b).mean().abs()),
        "ways to the left and to the right cancel",
        "each way costs its length: abs before the mean",
    )
    yield (
        near(found, 8.5 / 3),
        f"you get {found:.3f} and not {8.5 / 3:.3f}",
        "the mean of 1, 3.5 and 4",
    )
    both = torch.tensor([0.0, 3.0]), torch.tensor([1.0, 2.0])  # one to the right, one to the left
    yield (
        near(answer(*both), 1.0),
        f"heaps at 0 and 3 with holes at 1 and 2 give {answer(*both):.3f} and not 1",
        "a way to the left costs as much as one to the right: abs before the mean",
    )
    yield (
        near(answer(b.clone(), a.detach()), 8.5 / 3),
        "it changes when heaps and holes change places",
        "a distance is the same in both directions: abs",
    )
    yield (
        found.requires_grad,
        "it has lost its graph",
        "no .detach(), no .tolist(): tensors from end to end",
    )
    (slope,) = torch.autograd.grad(found, a)
    yield (
        near(slope, torch.tensor([-1.0, 1.0, -1.0]) / 3),
        "its gradient is wrong",
        "each heap's own way: sort, abs, mean",
    )


@check
def interpolate(answer):
    """answer(real [B, …], fake [B, …]) -> epsilon · real + (1 - epsilon) · fake, one uniform epsilon per image."""
    for shape in ((5, 3, 4), (400, 2), (7, 1, 6, 7), (3, 2, 5, 3)):
        real, fake = torch.full(shape, 3.0), torch.full(shape, -1.0)
        try:
            found = answer(real.clone(), fake.clone())
        except NotImplementedError:
            raise  # the stub; to Python it is a RuntimeError too
        except RuntimeError as error:
            yield (
                False,
                f"images of shape {list(shape)} stop it: {str(error).splitlines()[0]}",
                "epsilon needs shape [B, 1, …, 1], with as many dimensions as the images",
            )
        yield is_tensor(found)
        yield (
            found.shape == shape,
            f"images {list(shape)} become {list(found.shape)}",
            "epsilon needs shape [B, 1, …, 1], with as many dimensions as the images",
        )
        epsilon = ((found - fake) / (real - fake)).flatten(1)
        same_pixels, same_images = (
            near(epsilon, epsilon[:, :1].expand_as(epsilon)),
            near(epsilon, epsilon[:1].expand_as(epsilon)),
        )
        yield (
            not (same_pixels and same_images),
            "all images have one epsilon",
            "len(real) of them, one for each image",
        )
        yield (
            same_pixels,
            "the pixels of an image have different epsilons",
            "one epsilon per image: shape [B, 1, …, 1], not rand_like",
        )
        if len(epsilon) == 400:
            epsilon = epsilon[:, 0]
            yield (
                epsilon.min() >= 0 and epsilon.max() <= 1,
                "some epsilons lie outside 0 to 1",
                "torch.rand is uniform on 0 to 1; torch.randn is normal",
            )
            yield (
                abs(epsilon.mean() - 0.5) < 0.1 and 0.07 < epsilon.var() < 0.1,
                "the epsilons are not evenly spread "
                f"from 0 to 1: mean {epsilon.mean():.2f}, variance {epsilon.var():.3f}",
                "torch.rand as it is, without another function on top",
            )
    images = torch.randn(6, 1, 5, 4), torch.randn(6, 1, 5, 4)
    found = answer(*(part.clone() for part in images)) - images[1]
    gap = images[0] - images[1]
    share = (found * gap).flatten(1).sum(1) / gap.square().flatten(1).sum(1)
    yield (
        near(found, share.view(6, 1, 1, 1) * gap),
        "the points do not lie on the line between an image and its fake",
        "the shares of the two add up to 1, and image 0 belongs to fake 0",
    )


@check
def penalty_from(answer):
    """answer(gradients [B, …], weight) -> weight · mean of (norm per image - 1)², no NaN at 0."""
    linear = torch.tensor([3.0, 4.0, 0.0]).expand(5, 3).clone()
    found = answer(linear, 10.0)
    yield from is_number(found)
    over_batch = 10 * (torch.tensor([3.0, 4.0, 0.0]) * 5**0.5 - 1).square().mean()
    yield (
        not near(found, over_batch, atol=1e-2),
        "the length is taken over the batch, a number for each pixel",
        "one length per image: dimension 1",
    )
    yield (
        not near(found, 10 * (5 * 5**0.5 - 1) ** 2, atol=1e-2),
        "the whole batch has one length",
        "one length per image: dimension 1",
    )
    yield (
        not near(found, 250.0, atol=1e-2),
        "it is 10 · 5²",
        "the 1 is missing: length minus 1, then the square",
    )
    yield not near(found, 16.0, atol=1e-3), "the weight is left out", "weight times the mean"
    yield (
        not near(found, 800.0, atol=1e-2),
        "it is the sum over the images",
        "the mean, so that batches of any size agree",
    )
    yield (
        not near(found, 40.0, atol=1e-3),
        "the difference from 1 is not squared",
        "the square of (length − 1)",
    )
    yield (
        not near(found, 10 * 24.0**2, atol=1),
        "the square root is missing",
        "the length, not its square",
    )
    yield (
        not near(found, 360.0, atol=1e-2),
        "it is (3 + 4 − 1)²",
        "the length is √(9 + 16): the Euclidean norm",
    )
    yield (
        near(found, 160.0, atol=1e-2),
        f"five gradients (3, 4, 0) give {found:.4g} and not 160",
        "10 · (5 − 1)²",
    )
    uneven = torch.tensor([[0.0, 0.5], [2.0, 0.0], [0.0, -3.0]])  # lengths ½, 2 and 3
    yield (
        near(answer(uneven, 3.0), 5.25),
        f"lengths of ½, 2 and 3 at weight 3 give {answer(uneven, 3.0):.4g} and not 5.25",
        "lengths below 1 cost too, and the mean comes after the square",
    )
    pictures = torch.full((3, 2, 2, 3), 1.0)  # length √12
    wanted = 2 * (12**0.5 - 1) ** 2
    found = answer(pictures, 2.0)
    yield from is_number(found, "pictures have three dimensions behind B: flatten(1) first")
    yield (
        near(found, wanted, atol=1e-3),
        f"pictures of shape [2, 2, 3] give {found:.4g} and not {wanted:.4g}",
        "the length goes over channels, rows and columns: flatten(1) first",
    )
    flat = torch.zeros(2, 3, requires_grad=True)
    found = answer(flat, 10.0)
    yield found.requires_grad, "it has lost its graph", "no .detach(): the critic is trained by it"
    yield (
        near(found, 10.0, atol=1e-2),
        f"a gradient of 0 pays {found:.4g} and not 10",
        "weight · (0 − 1)²",
    )
    (back,) = torch.autograd.grad(found, flat)
    yield (
        bool(torch.isfinite(back).all()),
        "at a gradient of 0 it sends back nan",
        "the square root is infinitely steep at 0: torch.linalg.vector_norm",
    )
    steep = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 0.25]], requires_grad=True)
    (back,) = torch.autograd.grad(answer(steep, 10.0), steep)
    right = torch.tensor([[24.0, 32.0, 0.0], [0.0, 0.0, -7.5]])
    yield near(back, right, atol=1e-3), "what it sends back is wrong", "no clamp, no detach inside"


@check
def clip_critic(answer):
    """answer(critic, c): every parameter into [-c, c], in place."""

    def fresh():
        critic = nn.Sequential(
            nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1))
        )
        with torch.no_grad():
            for number, parameter in enumerate(critic.parameters()):
                parameter.copy_(
                    torch.linspace(-0.5, 0.7, parameter.numel()).view_as(parameter) + 0.01 * number
                )
            critic[2][1].bias.fill_(0.6)
        return critic

    for c in (0.05, 0.3):
        critic = fresh()
        held = dict(critic.named_parameters())
        before = {name: parameter.detach().clone() for name, parameter in held.items()}
        try:
            answer(critic, c)
        except RuntimeError as error:
            if "leaf Variable" not in str(error):
                raise
            yield (
                False,
                f"torch stops it: {str(error).splitlines()[0]}",
                "a parameter may be changed in place only under torch.no_grad()",
            )
        after = dict(critic.named_parameters())
        yield (
            all(after[name] is held[name] for name in held),
            "the critic has new parameters",
            "the optimiser still holds the old ones: in place, clamp_",
        )
        yield (
            not all(torch.equal(after[name], before[name]) for name in held),
            "nothing has changed",
            "clamp makes a new tensor; clamp_ works in place",
        )
        yield (
            all(parameter.requires_grad for parameter in after.values()),
            "parameters no longer take gradients",
            "under torch.no_grad(), and leave requires_grad alone",
        )
        yield (
            not any(near(after[name], -before[name].clamp(-c, c)) for name in held),
            "signs have changed",
            "clamp_(-c, c)",
        )
        yield (
            max(parameter.max() for parameter in after.values()) <= c
            or not all(near(after[name], before[name].clamp(min=-c)) for name in held),
            "there is no upper limit",
            "clamp_(-c, c) has two",
        )
        yield (
            min(parameter.min() for parameter in after.values()) >= -c
            or not all(near(after[name], before[name].clamp(max=c)) for name in held),
            "there is no lower limit",
            "clamp_(-c, c) has two",
        )
        biases = [name for name in held if name.endswith("bias")]
        yield (
            not all(torch.equal(after[name], before[name]) for name in biases),
            "the biases are left out",
            "critic.parameters() has them all",
        )
        top = [name for name in held if not name.startswith("2")]
        inner = [name for name in held if name.startswith("2")]
        yield (
            not all(torch.equal(after[name], before[name]) for name in inner)
            and not all(torch.equal(after[name], before[name]) for name in top),
            "some layers are left out",
            "critic.parameters() reaches every layer, also those inside others",
        )
        yield (
            not all(near(after[name], before[name].clamp(-0.01, 0.01)) for name in held),
            "it clips to 0.01 always",
            "use c",
        )
        yield (
            not any(
                near(after[name], before[name] * c / before[name].abs().max())
                for name in biases[:1]
            ),
            "weights inside the range have changed",
            "no scaling: what lies inside stays as it is",
        )
        yield (
            all(near(after[name], before[name].clamp(-c, c)) for name in held),
            f"with c = {c} not every parameter is what it should be",
            "clamp_(-c, c) on each",
        )
        buffers = dict(fresh().named_buffers())
        yield (
            all(torch.equal(buffer, buffers[name]) for name, buffer in critic.named_buffers()),
            "BatchNorm's running means or variances have changed",
            "parameters only, not the whole state_dict",
        )
