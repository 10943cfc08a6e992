"""Labels that nobody gave, read from the digits alone: which of them are alike.

Set upright, a picture's nearest neighbours mostly show the same digit. So each digit is tied
to a few of them, and kinds are crowds with many ties within and few that lead out (spectral
clustering: Ng, Jordan and Weiss 2002). Distances to a few centres, as in plain k-means, are no such
help: they cut through digits. benchmarks/RACE.md has both, measured.
"""

import torch
import torch.nn.functional as F
from torch import nn

COMPONENTS = 50  # principal ones: neighbours are found faster among them than among 784 pixels
NEIGHBOURS = 5
KINDS = 20  # more than there are digits: one that is written in two ways makes two crowds
PORTION = 1000  # pictures at a time
SMALL = 1e-6  # in place of 0, where something is divided by it
ROWS = 100  # of the table of distances at a time: 20 MB against 50,000 digits
GROUPS = 500  # of points, in which nearest ones are searched
ROUNDS = 40  # of the eigensolver: more change no purity
CENTRES_MOVE = 30  # times


def guess_labels(digits, kinds=KINDS, seed=0):
    """Guessed labels int64 [N], from 0 to kinds - 1, for digits uint8 [N, 28, 28].

    Which kind shows which digit nobody knows. The same for the same seed. It takes some ten
    seconds for 50,000 digits on one thread. Raises ValueError for another dtype or shape, and
    where there are not at least ten digits a kind.
    """
    if digits.dtype != torch.uint8 or digits.ndim != 3:
        raise ValueError(
            f"digits must be uint8 [N, H, W] as data.mnist returns them, "
            f"got {digits.dtype} {list(digits.shape)}"
        )
    if len(digits) < 10 * kinds:
        raise ValueError(
            f"{kinds} kinds need at least {10 * kinds} digits, got {len(digits)}: "
            "ask for fewer kinds, or pass more digits"
        )
    generator = torch.Generator().manual_seed(seed)
    ties = tie(nearest(principal_components(digits)))
    start = torch.randn(len(digits), kinds, generator=generator, dtype=ties.dtype)
    _, crowds = torch.lobpcg(ties, X=start, niter=ROUNDS, largest=True)
    return cluster(crowds / crowds.norm(dim=1, keepdim=True), kinds, generator)


def principal_components(digits):
    """The first principal components [N, COMPONENTS] of the digits, set upright."""
    dtype = torch.get_default_dtype()
    pixels = torch.empty(len(digits), digits[0].numel(), dtype=dtype)
    for part, place in zip(digits.split(PORTION), pixels.split(PORTION), strict=True):
        place.copy_(upright(part.to(dtype) / 255).flatten(1))
    pixels -= pixels.mean(0)
    _, axes = torch.linalg.eigh(pixels.T @ pixels)  # in rising order
    return pixels @ axes[:, -COMPONENTS:]


def upright(pictures):
    """Pictures [N, H, W] of bright strokes, moved to the middle and sheared to stand upright.

    Slant is the writer's, not the digit's. It is the slope of the line through the pixels that best
    tells x from y, each pixel weighted by its brightness.
    """
    count, height, width = pictures.shape
    x = torch.linspace(-1, 1, width, dtype=pictures.dtype)
    y = torch.linspace(-1, 1, height, dtype=pictures.dtype)
    mass = pictures.sum((1, 2)).clamp(min=SMALL)
    middle_x = pictures.sum(1) @ x / mass
    middle_y = pictures.sum(2) @ y / mass
    dx = x - middle_x[:, None]  # [N, W]
    dy = y - middle_y[:, None]  # [N, H]
    covariance = torch.einsum("nij,ni,nj->n", pictures, dy, dx)
    slope = covariance / torch.einsum("nij,ni,ni->n", pictures, dy, dy).clamp(min=SMALL)
    # Where the pixel (x, y) of the new picture comes from: (x + slope y, y), from the middle.
    origin = torch.zeros(count, 2, 3, dtype=pictures.dtype)
    origin[:, 0] = torch.stack([torch.ones_like(slope), slope, middle_x], 1)
    origin[:, 1] = torch.stack([torch.zeros_like(slope), torch.ones_like(slope), middle_y], 1)
    grid = F.affine_grid(origin, (count, 1, height, width), align_corners=True)
    return F.grid_sample(pictures[:, None], grid, align_corners=True)[:, 0]


def nearest(points):
    """The NEIGHBOURS nearest other points of each point [N, F]: int64 [N, NEIGHBOURS]."""
    count = len(points)
    group = -(-count // GROUPS)  # points a group
    # Filled up to whole groups by points that are infinitely far away.
    all_points = F.pad(points, (0, 0, 0, GROUPS * group - count))
    squares = F.pad(points.square().sum(1), (0, GROUPS * group - count), value=torch.inf)
    # Room for all results is made before the loop: small ones kept between large tables would
    # scatter these over gigabytes.
    neighbours = torch.empty(count, NEIGHBOURS, dtype=torch.int64)
    table = points.new_empty(ROWS, GROUPS * group)
    for first, result in zip(range(0, count, ROWS), neighbours.split(ROWS), strict=True):
        rows = points[first : first + ROWS]
        # |a - b|² without |a|², which changes no order.
        distances = torch.addmm(squares, rows, all_points.T, alpha=-2, out=table[: len(rows)])
        places = torch.arange(len(rows))
        distances[places, first + places] = torch.inf  # a point is no neighbour of its own
        result.copy_(smallest(distances, NEIGHBOURS, group))
    return neighbours


def smallest(table, count, group):
    """The columns of the `count` smallest numbers of each row of a table: int64 [rows, count].

    Like topk, but several times as fast on long rows of many groups of `group` numbers: the
    smallest numbers lie in the groups with the smallest minima.
    """
    groups = table.view(len(table), -1, group)
    best = groups.amin(2).topk(min(count, groups.shape[1]), largest=False).indices
    candidates = groups.gather(1, best[:, :, None].expand(-1, -1, group)).flatten(1)
    places = candidates.topk(count, largest=False).indices
    return best.gather(1, places // group) * group + places % group


def tie(neighbours):
    """The ties of neighbours int64 [N, K] as a sparse matrix [N, N], its largest eigenvalue 1.

    Two points are tied once, or twice if each is the other's neighbour. Each tie is divided by the
    root of both points' numbers of ties.
    """
    count = len(neighbours)
    ones = torch.arange(count).repeat_interleave(neighbours.shape[1])
    others = neighbours.flatten()
    pairs = torch.stack([torch.cat([ones, others]), torch.cat([others, ones])])
    ties = torch.bincount(pairs[0], minlength=count).to(torch.get_default_dtype())
    weights = (ties[pairs[0]] * ties[pairs[1]]).rsqrt()
    return torch.sparse_coo_tensor(
        pairs, weights, (count, count), check_invariants=False
    ).coalesce()


def cluster(points, kinds, generator):
    """k-means: int64 [N], the nearest of `kinds` centres for each of the points [N, F].

    Centres start at points, each drawn in proportion to the squared distance from those before it
    (Arthur and Vassilvitskii 2007), and move to the mean of their points.
    """
    centres = points[torch.randint(len(points), (1,), generator=generator)]
    for _ in range(kinds - 1):
        distances = squared_distances(points, centres).amin(1)
        drawn = torch.multinomial(distances, 1, generator=generator)
        centres = torch.cat([centres, points[drawn]])
    for _ in range(CENTRES_MOVE):
        labels = squared_distances(points, centres).argmin(1)
        counts = torch.bincount(labels, minlength=kinds)
        sums = torch.zeros_like(centres).index_add_(0, labels, points)
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], centres)
    return labels


def squared_distances(points, centres):
    """Squared distances [N, K] of points [N, F] to centres [K, F]."""
    return torch.cdist(points, centres).square()


class ChoosingGenerator(nn.Module):
    """A conditional generator that needs no labels: numbers of z choose them.

    forward(z [B, latent_dim]) -> images [B, 1, 28, 28] in [-1, 1].

    The first K numbers of z choose among the K classes of `generator`: the largest wins, after a
    head start for the frequent ones. The classes then come with the `shares` [K], which add up to
    1, when z is normal: the largest of log(share) - log(-log(Φ(z))) is a draw with these shares
    (Gumbel 1954). The rest of z goes to `generator`. Raises ValueError for other shares.
    """

    def __init__(self, generator, shares):
        super().__init__()
        if shares.shape != (generator.classes,) or shares.min() < 0 or shares.sum() <= 0:
            raise ValueError(
                f"shares must be {generator.classes} numbers, one a class of the generator, none "
                f"below 0 and not all 0; got {shares.tolist()}"
            )
        self.generator = generator
        self.latent_dim = len(shares) + generator.latent_dim
        self.classes = 0
        self.register_buffer("shares", shares)

    def forward(self, z):
        if z.shape[1:] != (self.latent_dim,):
            raise ValueError(f"this net takes z [B, {self.latent_dim}]; got {list(z.shape)}")
        choice, z = z.split((len(self.shares), self.generator.latent_dim), 1)
        return self.generator(z, F.one_hot(self.choose(choice), len(self.shares)).to(z))

    def choose(self, choice):
        """The classes int64 [B] that numbers [B, K] choose."""
        gumbel = -torch.log(-torch.special.log_ndtr(choice))
        return (self.shares.log() + gumbel).argmax(1)
