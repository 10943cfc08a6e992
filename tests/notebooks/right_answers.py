"""Right answers in unusual styles: {lesson: {exercise: {style: code}}}."""

RIGHT = {
    "00_the_game": {
        "exercise-1": {
            "augmented assignment on numbers": """
def last_point(x, y, step, rounds):
    for _ in range(rounds):
        y += step * x
        x -= step * y
    return x, y
""",
            "a power of the round's 2 x 2 matrix, in float64": """
def last_point(x, y, step, rounds):
    up = torch.tensor([[1.0, 0.0], [step, 1.0]], dtype=torch.float64)
    down = torch.tensor([[1.0, -step], [0.0, 1.0]], dtype=torch.float64)
    both = torch.linalg.matrix_power(down @ up, rounds)
    end = both @ torch.tensor([x, y], dtype=torch.float64)
    return tuple(end.tolist())
""",
            "a dict holds the point, a tuple leaves": """
def last_point(x, y, step, rounds):
    point = {"x": x, "y": y}
    for _round in range(rounds):
        for player, other, sign in (("y", "x", 1), ("x", "y", -1)):
            point[player] = point[player] + sign * step * point[other]
    return point["x"], point["y"]
""",
            "a walk over half rounds: even ones are D's, odd ones G's": """
def last_point(x, y, step, rounds):
    for half in range(2 * rounds):
        if half % 2 == 0:
            y = step * x + y
        else:
            x = -step * y + x
    return x, y
""",
        },
        "exercise-2": {
            "centres first, so the count goes along the last axis": """
def modes_of(points, centres, reach):
    near = torch.cdist(centres, points).le(reach)  # [K, N]
    return int(near.count_nonzero(dim=-1).mul(100).ge(near.shape[-1]).sum())
""",
            "a sorted column: the distance of the last point that is needed": """
def modes_of(points, centres, reach):
    needed = (len(points) + 99) // 100
    distances, _order = torch.cdist(points, centres).sort(dim=0)
    return int((distances[needed - 1] <= reach).sum())
""",
            "broadcast differences and a norm in place of cdist": """
def modes_of(points, centres, reach):
    apart = points[:, None, :] - centres[None, :, :]
    distances = torch.linalg.vector_norm(apart, dim=2)
    held = (distances <= reach).sum(dim=0)
    return torch.count_nonzero(100 * held >= points.shape[0]).item()
""",
            "each point to its nearest centre, then bincount": """
def modes_of(points, centres, reach):
    nearest = torch.cdist(points, centres).min(dim=1)
    owners = nearest.indices[nearest.values <= reach]
    counts = torch.bincount(owners, minlength=len(centres))
    return sum(count * 100 >= len(points) for count in counts.tolist())
""",
        },
        "exercise-3": {
            "entropies: that of the mean less the mean of the entropies, in float64": """
def jensen_shannon(real_counts, fake_counts):
    p = real_counts.double() / real_counts.sum()
    q = fake_counts.double() / fake_counts.sum()
    entropy = lambda shares: torch.special.entr(shares).sum()
    return (entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2).float()
""",
            "F.kl_div with the empty cells' mean set to 1 before the logarithm": """
def jensen_shannon(real_counts, fake_counts):
    p, q = (c / c.sum() for c in (real_counts, fake_counts))
    m = (p + q) / 2
    log_m = torch.where(m > 0, m, torch.ones_like(m)).log()
    return (F.kl_div(log_m, p, reduction="sum") + F.kl_div(log_m, q, reduction="sum")) / 2
""",
            "einsum of shares and logarithms that are 0 where a share is": """
def jensen_shannon(real_counts, fake_counts):
    p = (real_counts / real_counts.sum()).reshape(-1)
    q = (fake_counts / fake_counts.sum()).reshape(-1)
    m = (p + q) / 2
    ratio = lambda share: torch.where(share > 0, share / m, 1.0).log()
    return torch.einsum("i,i->", p, ratio(p)) / 2 + torch.einsum("i,i->", q, ratio(q)) / 2
""",
            "nansum: the NaN of an empty cell counts 0": """
def jensen_shannon(real_counts, fake_counts):
    p = torch.div(real_counts, real_counts.sum())
    q = torch.div(fake_counts, fake_counts.sum())
    m = torch.add(p, q).div(2)
    left = p.mul(p.div(m).log()).nansum()
    right = q.mul(q.div(m).log()).nansum()
    return left.add(right).div(2)
""",
        },
        "exercise-4": {
            "torch.func.grad of the sum": """
def uphill(D, fakes):
    slope = torch.func.grad(lambda x: D(x).sum())
    return slope(fakes.detach()).detach()
""",
            "torch.autograd.functional.vjp": """
def uphill(D, fakes):
    _value, arrows = torch.autograd.functional.vjp(lambda x: D(x).sum(), fakes.detach())
    return arrows
""",
            "backward with inputs=, which fills x alone": """
def uphill(D, fakes):
    x = fakes.detach().clone().requires_grad_()
    D(x).sum().backward(inputs=[x])
    return x.grad
""",
            "grad_outputs of ones in place of a sum": """
def uphill(D, fakes):
    x = fakes.detach().requires_grad_(True)
    scores = D(x)
    return torch.autograd.grad(outputs=scores, inputs=x, grad_outputs=torch.ones_like(scores))[0]
""",
        },
    },
    "01_data_scaling": {
        "exercise-1": {
            "a lambda assigned to the name": """
to_tanh_range = lambda pixels: pixels.float().div(255).sub(0.5).div(0.5)
""",
            "2u - 1, the other form of the text": """
def to_tanh_range(pixels):
    return 2 * (pixels.to(torch.float32) / 255) - 1
""",
            "one division: the byte tensor becomes float32 by itself": """
def to_tanh_range(pixels):
    return pixels / 127.5 - 1
""",
            "a table of the 256 values, looked up": """
def to_tanh_range(pixels):
    table = (torch.arange(256, dtype=torch.float32) / 255 - 0.5) / 0.5
    return table[pixels.long()]
""",
        },
        "exercise-2": {
            "half a level added, then cut off: rounds halves up": """
def from_tanh_range(images):
    return ((images + 1) * 127.5 + 0.5).floor().to(torch.uint8)
""",
            "both steps undone one by one": """
def from_tanh_range(images):
    unit = images * 0.5 + 0.5
    return torch.round(unit * 255).type(torch.uint8)
""",
            "float64 inside": """
def from_tanh_range(images):
    levels = images.double().add(1.0).mul(127.5)
    return levels.round().clamp(min=0, max=255).to(dtype=torch.uint8)
""",
            "through whole numbers of 64 bits": """
def from_tanh_range(images):
    whole = torch.round((1 + images.detach()) / 2 * 255).long()
    return whole.to(torch.uint8)
""",
        },
        "exercise-3": {
            "the course's own helper": """
def load_batch(pixels):
    return data.to_tanh_range(pixels).unsqueeze(1)
""",
            "None as an index makes the channel": """
def load_batch(pixels):
    return pixels[:, None].to(torch.float32).div(127.5).sub(1)
""",
            "a table of 256 values": """
def load_batch(pixels):
    table = torch.arange(256).float().div(255).mul(2).sub(1)
    return table[pixels.long()].view(pixels.shape[0], 1, *pixels.shape[1:])
""",
            "the other of the two steps is dropped": """
def load_batch(pixels):
    images = pixels.float() / 255
    images = (images - 0.5) / 0.5
    return images.unsqueeze(1)
""",
        },
        "exercise-4": {
            "the names in a table, the index from two comparisons": """
def which_scaling(images):
    low = float(torch.min(images))
    if low > -0.1:
        return ("[0, 1]", "bytes")[int(torch.max(images).item() > 3)]
    return ("mean and std", "[-1, 1]")[int(low < -0.9)]
""",
            "any and all in place of min and max": """
def which_scaling(images):
    if (images < -0.5).any():
        return "[-1, 1]"
    if (images < -0.01).any():
        return "mean and std"
    return "[0, 1]" if (images <= 1.01).all() else "bytes"
""",
            "nearest black level, then the brightest pixel": """
def which_scaling(images):
    black = {"[-1, 1]": -1.0, "mean and std": -0.1307 / 0.3081, "[0, 1]": 0.0}
    low = images.min().item()
    name = min(black, key=lambda scaling: abs(black[scaling] - low))
    if name == "[0, 1]" and images.max().item() > 1.001:
        name = "bytes"
    return name
""",
            "bytes are told by the spread, the largest less the smallest": """
def which_scaling(images):
    low = images.amin()
    spread = images.amax() - low
    if spread > 3.3:
        return "bytes"
    borders = torch.tensor([-0.7, -0.2])
    return ["[-1, 1]", "mean and std", "[0, 1]"][int(torch.searchsorted(borders, low.float()))]
""",
        },
    },
    "02_classic_gan": {
        "exercise-1": {
            "no detach, but backward fills D's weights alone": """
def discriminator_update(G, D, opt_D, real, z):
    opt_D.zero_grad()
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(G(z))).mean()
    d_loss.backward(inputs=[weight for weight in D.parameters() if weight.requires_grad])
    opt_D.step()
""",
            "two backward passes that add up": """
def discriminator_update(G, D, opt_D, real, z):
    fake = G(z).detach()
    opt_D.zero_grad()
    F.softplus(-D(real)).mean().backward()
    F.softplus(D(fake)).mean().backward()
    opt_D.step()
""",
            "the course's own loss": """
def discriminator_update(G, D, opt_D, real, z):
    with torch.no_grad():
        fake = G(z)
    opt_D.zero_grad()
    losses.bce().discriminator(real=D(real).flatten(), fake=D(fake).flatten()).backward()
    opt_D.step()
""",
            "logsigmoid, and the loss comes back as a number": """
def discriminator_update(G, D, opt_D, real, z):
    opt_D.zero_grad()
    fake = G(z).detach().clone()
    value = F.logsigmoid(D(real)).mean() + F.logsigmoid(-D(fake)).mean()
    (-value).backward()
    opt_D.step()
    return -value.item()
""",
        },
        "exercise-2": {
            "F.mse_loss with scores in the targets' shape": """
def squared_error(scores, targets):
    return F.mse_loss(scores.reshape(targets.shape), targets)
""",
            "the targets get the scores' shape instead": """
def squared_error(scores, targets):
    return (scores - targets.reshape(scores.shape)).pow(2).mean()
""",
            "einsum of the differences": """
def squared_error(scores, targets):
    difference = scores.view_as(targets) - targets
    return torch.einsum("b,b->", difference, difference) / difference.numel()
""",
            "an error raised by hand, then flatten": """
def squared_error(scores, targets):
    if scores.numel() != targets.numel():
        raise ValueError(f"{scores.numel()} scores, {targets.numel()} targets")
    return torch.mean((scores.flatten() - targets.flatten()) ** 2)
""",
        },
        "exercise-3": {
            "one helper that updates either net": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    def update(optimiser, loss):
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    update(opt_D, F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean())
    update(opt_G, F.softplus(-D(G(z_g))).mean())
""",
            "the course's losses": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    bce = losses.bce()
    d_loss = bce.discriminator(real=D(real).flatten(), fake=D(G(z_d).detach()).flatten())
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()
    g_loss = bce.generator(fake=D(G(z_g)).flatten())
    opt_G.zero_grad()
    g_loss.backward()
    opt_G.step()
""",
            "no detach: what D's loss leaves in G is cleared before G's step": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    opt_D.zero_grad()
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(G(z_d))).mean()
    d_loss.backward()
    opt_D.step()

    opt_G.zero_grad()
    g_loss = F.softplus(-D(G(z_g))).mean()
    g_loss.backward()
    opt_G.step()
""",
            "backward(inputs=) for each net, logsigmoid, the losses come back": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    d_loss = -(F.logsigmoid(D(real)).mean() + F.logsigmoid(-D(G(z_d).detach())).mean())
    opt_D.zero_grad()
    d_loss.backward(inputs=list(D.parameters()))
    opt_D.step()

    g_loss = -F.logsigmoid(D(G(z_g))).mean()
    opt_G.zero_grad()
    g_loss.backward(inputs=list(G.parameters()))
    opt_G.step()
    return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}
""",
        },
        "exercise-4": {
            "the course's helper": """
def draw(G, z):
    return networks.sample(G, z)
""",
            "a copy of G draws": """
def draw(G, z):
    import copy
    twin = copy.deepcopy(G).eval()
    with torch.no_grad():
        return twin(z)
""",
            "eval mode and detach, without no_grad": """
def draw(G, z):
    was_training = G.training
    pictures = G.eval()(z.detach()).detach()
    if was_training:
        G.train()
    return pictures
""",
            "one z at a time, in eval mode": """
def draw(G, z):
    was_training = G.training
    G.eval()
    with torch.no_grad():
        pictures = torch.cat([G(one) for one in z.split(1)])
    G.train(was_training)
    return pictures
""",
        },
    },
    "03_how_good": {
        "exercise-1": {
            "lambda that counts: a point is covered if fewer than k others are nearer than th": """
coverage = lambda real, fake, k: 1.0 - (
    ((real[:, None] - real[None]).norm(dim=2)
     < (real[:, None] - fake[None]).norm(dim=2).min(dim=1, keepdim=True).values).sum(dim=1) > k
).float().mean().item()
""",
            "broadcast differences in place of cdist, topk of the smallest k + 1": """
def coverage(real, fake, k):
    among = (real[:, None, :] - real[None, :, :]).square().sum(-1).sqrt()
    across = (real[:, None, :] - fake[None, :, :]).square().sum(-1).sqrt()
    radii = among.topk(k + 1, dim=1, largest=False).values[:, -1]
    return (across <= radii[:, None]).any(dim=1).double().mean()
""",
            "count_nonzero, keyword arguments, amin": """
def coverage(real, fake, k):
    with torch.no_grad():
        radii = torch.cdist(x1=real, x2=real, p=2.0).sort(dim=1, descending=False).values[:, k]
        nearest = torch.cdist(x1=real, x2=fake, p=2.0).amin(dim=1)
        return torch.count_nonzero(nearest <= radii).item() / real.size(0)
""",
            "kthvalue, the point itself put at infinity on the diagonal of a new matrix": """
def coverage(real, fake, k):
    among = torch.cdist(real, real, compute_mode="donot_use_mm_for_euclid_dist")
    among.fill_diagonal_(float("inf"))
    radii = among.kthvalue(k, dim=1).values
    across = torch.cdist(real, fake, compute_mode="donot_use_mm_for_euclid_dist")
    return torch.mean((across.min(dim=1).values <= radii).to(torch.float32))
""",
        },
        "exercise-2": {
            "F.kl_div with sum, its arguments in the right order": """
def class_kl(labels, shares):
    q = torch.bincount(labels, minlength=len(shares)).to(shares.dtype) / len(labels)
    return F.kl_div(shares.log(), q, reduction="sum")
""",
            "torch.special.xlogy, 0 at q = 0": """
def class_kl(labels, shares):
    q = torch.bincount(labels, minlength=shares.numel()).div(labels.numel())
    return torch.special.xlogy(q, q / shares).sum()
""",
            "cross-entropy minus entropy, torch.special.entr": """
def class_kl(labels, shares):
    p = shares.double()
    q = (labels[:, None] == torch.arange(len(p))).double().mean(0)
    return -(q * p.log()).sum() - torch.special.entr(q).sum()
""",
            "torch.unique with counts, as a dot product": """
def class_kl(labels, shares):
    shown, counts = torch.unique(labels, return_counts=True)
    q = counts.double() / counts.sum()
    return q @ torch.log(q / shares[shown].double())
""",
        },
        "exercise-3": {
            "std_mean of both": """
def frechet_distance(a, b):
    (std_a, mean_a), (std_b, mean_b) = torch.std_mean(a), torch.std_mean(b)
    return (mean_a - mean_b).square() + (std_a - std_b).square()
""",
            "the variances multiplied out: va + vb - 2 sqrt(va vb)": """
def frechet_distance(a, b):
    va, vb = a.double().var(unbiased=True), b.double().var(unbiased=True)
    difference = a.double().mean() - b.double().mean()
    return (difference ** 2 + va + vb - 2 * va.sqrt() * vb.sqrt()).to(a.dtype)
""",
            "NumPy with ddof=1, back to a tensor": """
def frechet_distance(a, b):
    x, y = a.detach().cpu().numpy().astype(np.float64), b.detach().cpu().numpy().astype(np.float64)
    distance = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    return torch.tensor(float(distance), dtype=a.dtype)
""",
            "torch.cov of one row, complex number's squared length": """
def frechet_distance(a, b):
    x = torch.complex(a.mean(), torch.cov(a).sqrt())
    y = torch.complex(b.mean(), torch.cov(b).sqrt())
    return (x - y).abs() ** 2
""",
        },
    },
    "04_better_digits": {
        "exercise-1": {
            "the course's helper": """
def r1(D, real, weight):
    return losses.r1_penalty(lambda pictures: D(pictures), real, weight=weight)
""",
            "torch.func.grad of the summed score": """
def r1(D, real, weight):
    slope = torch.func.grad(lambda pictures: D(pictures).sum())(real.detach())
    return weight * slope.pow(2).sum(dim=(1, 2, 3)).mean() / 2
""",
            "squared vector_norm per picture": """
def r1(D, real, weight):
    real = real.detach().requires_grad_()
    gradient = torch.autograd.grad(D(real).sum(), [real], create_graph=True)[0]
    lengths = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
    return weight * 0.5 * (lengths ** 2).sum() / len(real)
""",
            "dot product of the whole flat gradient, functools.partial": """
def r1(D, real, weight):
    differentiate = functools.partial(torch.autograd.grad, create_graph=True)
    real = real.detach().requires_grad_()
    flat = differentiate(D(real).sum(), real)[0].reshape(-1)
    return weight * torch.dot(flat, flat) / (2.0 * real.size(0))
""",
        },
        "exercise-2": {
            "all tensors at once by _foreach_lerp_": """
def update_average(average, net, decay):
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1.0 - decay)
""",
            "mul_ and add_ with alpha": """
def update_average(average, net, decay):
    with torch.no_grad():
        for mean, new in zip(average.parameters(), net.parameters(), strict=True):
            mean.mul_(decay).add_(new, alpha=1 - decay)
""",
            "copy_ of a new value, by name": """
def update_average(average, net, decay):
    news = dict(net.named_parameters())
    for name, mean in average.named_parameters():
        mean.detach().copy_(decay * mean.detach() + (1 - decay) * news[name].detach())
""",
            "NumPy views of the memory, in float64 inside": """
def update_average(average, net, decay):
    for mean, new in zip(average.parameters(), net.parameters()):
        to, source = mean.detach().numpy(), new.detach().numpy()
        to[...] = decay * to.astype("float64") + (1 - decay) * source.astype("float64")
""",
        },
        "exercise-3": {
            "torch.func.grad of both sums": """
def velocities(theta, psi, d_loss, g_loss):
    theta, psi = theta.detach(), psi.detach()
    by_theta = torch.func.grad(lambda t: g_loss(psi * t).sum())(theta)
    by_psi = torch.func.grad(lambda p: d_loss(p, p * theta).sum())(psi)
    return -by_theta, -by_psi
""",
            "ones as grad_outputs, returned as a tuple from a generator": """
def velocities(theta, psi, d_loss, g_loss):
    theta, psi = (x.detach().requires_grad_() for x in (theta, psi))
    ones = torch.ones_like(theta)
    pairs = ((g_loss(psi * theta), theta), (d_loss(psi, psi * theta), psi))
    return tuple(torch.autograd.grad(loss, x, grad_outputs=ones)[0].mul(-1) for loss, x in pairs)
""",
            "torch.autograd.functional.jacobian of the sums": """
def velocities(theta, psi, d_loss, g_loss):
    theta, psi = theta.detach(), psi.detach()
    by_theta = torch.autograd.functional.jacobian(lambda t: g_loss(psi * t).sum(), theta)
    by_psi = torch.autograd.functional.jacobian(lambda p: d_loss(p, p * theta).sum(), psi)
    return -by_theta.detach(), -by_psi.detach()
""",
            "backward on own leaves, the other player detached, one total": """
def velocities(theta, psi, d_loss, g_loss):
    t = theta.detach().clone().requires_grad_()
    p = psi.detach().clone().requires_grad_()
    total = g_loss(p.detach() * t).sum() + d_loss(p, p * t.detach()).sum()
    total.backward(inputs=[t, p])
    return -t.grad, -p.grad
""",
        },
        "exercise-4": {
            "flat pixels and scatter": """
def cut_out(images, rows, columns, size):
    square = (torch.arange(size)[:, None] * 28 + torch.arange(size)).reshape(1, -1)
    places = (rows * 28 + columns).unsqueeze(1) + square
    return images.flatten(1).scatter(1, places, -1.0).view(-1, 1, 28, 28)
""",
            "transposed convolution of one-hot corners makes the mask": """
def cut_out(images, rows, columns, size):
    corners = torch.zeros(len(images), 1, 29 - size, 29 - size)
    corners[torch.arange(len(images)), 0, rows, columns] = 1.0
    hole = F.conv_transpose2d(corners, torch.ones(1, 1, size, size)) > 0.5
    return images.masked_fill(mask=hole, value=-1.0)
""",
            "functools.reduce of the four half-planes": """
def cut_out(images, rows, columns, size):
    r, c = rows[:, None, None, None], columns[:, None, None, None]
    y, x = torch.arange(28)[:, None], torch.arange(28)
    hole = functools.reduce(torch.logical_and, [y >= r, y < r + size, x >= c, x < c + size])
    return images.masked_fill(hole, -1)
""",
            "clone and a loop of slices": """
def cut_out(images, rows, columns, size):
    cut = images.clone()
    for i in range(len(images)):
        r, c = int(rows[i]), int(columns[i])
        cut[i, :, r:r + size, c:c + size] = -1.0
    return cut
""",
        },
    },
    "05_generator_losses": {
        "exercise-1": {
            "keyword arguments and torch.sub": """
def discriminator_losses(real_scores, fake_scores):
    def bce(scores, target):
        targets = torch.full_like(scores, fill_value=target)
        return F.binary_cross_entropy_with_logits(input=scores, target=targets)

    squares = torch.sub(real_scores, 1).pow(2).mean().add(fake_scores.pow(2).mean())
    return dict(
        [
            ("Wasserstein", torch.sub(fake_scores.mean(), real_scores.mean())),
            ("cross-entropy", bce(scores=real_scores, target=1.0) + bce(fake_scores, 0.0)),
            ("least squares", squares.div(2)),
        ]
    )
""",
            "einsum, and a copy that is changed in place": """
def discriminator_losses(real_scores, fake_scores):
    gap = real_scores.clone()
    gap -= 1
    squares = torch.einsum("i,i->", gap, gap) / len(gap) + fake_scores.square().mean()
    entropy = -F.logsigmoid(real_scores).mean() - F.logsigmoid(-fake_scores).mean()
    names = "cross-entropy", "least squares", "Wasserstein"
    return dict(zip(names, (entropy, squares / 2, fake_scores.mean() - real_scores.mean())))
""",
            "binary_cross_entropy_with_logits and mse_loss": """
def discriminator_losses(real_scores, fake_scores):
    ones, zeros = torch.ones_like(real_scores), torch.zeros_like(fake_scores)
    bce, mse = F.binary_cross_entropy_with_logits, F.mse_loss
    return {
        "cross-entropy": bce(real_scores, ones) + bce(fake_scores, zeros),
        "least squares": (mse(real_scores, ones) + mse(fake_scores, zeros)) / 2,
        "Wasserstein": -(real_scores.mean() - fake_scores.mean()),
    }
""",
            "pairs of elementwise lambdas": """
def discriminator_losses(real_scores, fake_scores):
    formulas = {
        "cross-entropy": (lambda s: F.softplus(-s), lambda s: F.softplus(s)),
        "least squares": (lambda s: 0.5 * (1 - s) ** 2, lambda s: 0.5 * s ** 2),
        "Wasserstein": (lambda s: -s, lambda s: s),
    }
    return {name: of_real(real_scores).mean() + of_fake(fake_scores).mean()
            for name, (of_real, of_fake) in formulas.items()}
""",
        },
        "exercise-2": {
            "one minus before the whole difference": """
def wasserstein_pair(real_scores, fake_scores):
    return -(real_scores.mean() - fake_scores.mean()), -fake_scores.mean()
""",
            "the course's helper": """
def wasserstein_pair(real_scores, fake_scores):
    pair = losses.wasserstein()
    return pair.discriminator(real=real_scores, fake=fake_scores), pair.generator(fake=fake_scores)
""",
            "float64 inside, back to the scores' dtype": """
def wasserstein_pair(real_scores, fake_scores):
    real, fake = real_scores.double().mean(), fake_scores.double().mean()
    return (fake - real).to(fake_scores.dtype), (-fake).to(fake_scores.dtype)
""",
            "lambda, keyword arguments": """
wasserstein_pair = lambda real_scores, fake_scores: (
    torch.add(input=fake_scores.mean(), other=real_scores.mean(), alpha=-1),
    torch.mean(input=-fake_scores),
)
""",
        },
        "exercise-3": {
            "lambda, abs by the operator": """
stable = lambda scores: torch.log1p(torch.exp(-abs(scores))) - (scores - abs(scores)) * 0.5
""",
            "logaddexp with 0": """
def stable(scores):
    return torch.logaddexp(torch.zeros_like(scores), -scores)
""",
            "the library's cross-entropy with the target 1, in no word softplus or logsigmoid": """
def stable(scores):
    return F.binary_cross_entropy_with_logits(scores, torch.ones_like(scores), reduction="none")
""",
            "methods chained, float64 inside": """
def stable(scores):
    s = scores.to(torch.float64)
    distance = s.abs()
    return distance.neg().exp().log1p().add(distance.sub(s).div(2)).to(scores.dtype)
""",
        },
        "exercise-4": {
            "softplus, one line": """
def weighted(scores, weights):
    return (weights * F.softplus(-scores)).sum() / weights.sum()
""",
            "the weights made to sum to 1 first, in a new tensor": """
def weighted(scores, weights):
    shares = weights / weights.sum()
    return -(shares * F.logsigmoid(scores)).sum()
""",
            "einsum over the flat tensors": """
def weighted(scores, weights):
    w = weights.reshape(-1).to(scores.dtype)
    return torch.einsum("i,i->", w, F.softplus(scores.reshape(-1).neg())) / torch.einsum("i->", w)
""",
            "mean over mean": """
def weighted(scores, weights):
    each = F.softplus(input=-scores, beta=1.0, threshold=20.0)
    return torch.mean(weights * each) / torch.mean(weights.to(each.dtype))
""",
        },
    },
    "06_label_smoothing": {
        "exercise-1": {
            "lambda assigned to the name": """
smooth_labels = lambda n, real: torch.tensor([0.9 if real else 0.0], dtype=torch.float32).repeat(n)
""",
            "torch.full with the value chosen first": """
def smooth_labels(n, real):
    return torch.full((n,), 0.9 if real else 0.0, dtype=torch.float32)
""",
            "arithmetic with the bool in place of a branch": """
def smooth_labels(n, real):
    return torch.ones(n, dtype=torch.float32).mul(0.9 * int(bool(real)))
""",
            "NumPy inside, as no gradient is needed": """
def smooth_labels(n, real):
    import numpy as np
    return torch.from_numpy(np.full(n, 0.9 * bool(real), dtype=np.float32))
""",
        },
        "exercise-2": {
            "generator unpacked into a list": """
def one_sided(settings):
    pairs = ((name, torch.mean(real), torch.mean(fake)) for name, (real, fake) in settings.items())
    return [*(name for name, real, fake in pairs if bool(real < 1) & bool(fake == 0))]
""",
            "itertools.compress with a list of verdicts": """
def one_sided(settings):
    verdicts = [bool(real.mean() < 1) and not bool(fake.mean()) for real, fake in settings.values()]
    return list(itertools.compress(settings.keys(), verdicts))
""",
            "filter with a helper function inside": """
def one_sided(settings):
    def smooths_real_only(name):
        real, fake = (targets.mean().item() for targets in settings[name])
        return real < 1 and fake == 0
    return list(filter(smooths_real_only, settings))
""",
            "names taken out of a copied list": """
def one_sided(settings):
    names = list(settings)
    for name, (real, fake) in settings.items():
        if not (real.mean() < 1 and fake.mean() == 0):
            names.remove(name)
    return names
""",
        },
        "exercise-3": {
            "in the log domain, exp at the end": """
def probability_real(scores, a):
    return torch.exp((F.logsigmoid(scores) - math.log(a)).clamp(max=0))
""",
            "e to the minus softplus of -s, scaled and clamped": """
def probability_real(scores, a):
    return torch.exp(-F.softplus(-scores)).mul(1 / a).clamp(max=1)
""",
            "torch.func.vmap over the scores": """
def probability_real(scores, a):
    return torch.func.vmap(lambda s: torch.clamp(torch.sigmoid(s) / a, max=1.0))(scores)
""",
            "torch.minimum with a tensor of ones": """
def probability_real(scores, a):
    d = torch.sigmoid(scores)
    return torch.minimum(d / a, torch.ones_like(d))
""",
        },
        "exercise-4": {
            "lambda assigned to the name": """
dropout = lambda x, p, training: x * (torch.rand_like(x) >= p) * (1 / (1 - p)) if training else x
""",
            "masked_fill": """
def dropout(x, p, training):
    return (x / (1 - p)).masked_fill(torch.rand_like(x) < p, 0) if training else x
""",
            "torch.where with a scalar": """
def dropout(x, p, training):
    if training:
        return torch.where(torch.rand_like(x) < p, 0.0, x / (1 - p))
    return x
""",
            "mask by ceil of shifted uniform numbers, helper inside": """
def dropout(x, p, training):
    def scale():
        return (torch.rand(x.shape) >= p).to(x.dtype) / (1 - p)
    return x * scale() if training else x
""",
        },
    },
    "07_ten_logits": {
        "exercise-1": {
            "float64 inside, the logits' dtype out": """
def probability_real(logits):
    return torch.special.expit(logits.double().logsumexp(-1)).to(logits.dtype)
""",
            "an eleventh column of zeros, softmax, sum of the others": """
def probability_real(logits):
    zeros = torch.zeros_like(logits[:, :1])
    return torch.cat([logits, zeros], dim=1).softmax(dim=1)[:, :-1].sum(dim=1)
""",
            "the literal formula 1 - p11, by softmax of eleven": """
def probability_real(logits):
    eleven = F.pad(logits, (0, 1), value=0.0)
    return 1 - torch.softmax(eleven, dim=1)[:, -1]
""",
            "difference of two logsumexp, then exp": """
def probability_real(logits):
    with_fake = F.pad(logits, (0, 1))
    return (torch.logsumexp(logits, 1) - torch.logsumexp(with_fake, 1)).exp()
""",
        },
        "exercise-2": {
            "minus the log-softmax of the last column": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    of_fakes = -F.log_softmax(fake_logits, dim=1)[:, -1].mean()
    return F.cross_entropy(real_logits, labels) + of_fakes
""",
            "logsumexp minus the logit of the target, gather": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    real = real_logits.logsumexp(1) - real_logits.gather(1, labels[:, None])[:, 0]
    fake = fake_logits.logsumexp(1) - fake_logits[:, -1]
    return real.mean() + fake.mean()
""",
            "loops over the pictures": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    real = [torch.logsumexp(row, 0) - row[label] for row, label in zip(real_logits, labels)]
    fake = [torch.logsumexp(row, 0) - row[-1] for row in fake_logits]
    return sum(real) / len(real) + sum(fake) / len(fake)
""",
            "one cross-entropy of both sets, weighted so that each has its own mean": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    B, C = len(real_logits), len(fake_logits)
    logits = torch.cat([real_logits, fake_logits])
    target = torch.cat([labels, torch.full((C,), logits.size(1) - 1)])
    each = F.cross_entropy(logits, target, reduction="none")
    return each[:B].mean() + each[B:].mean()
""",
        },
        "exercise-3": {
            "nll_loss of log_softmax": """
def classifier_loss(net, images, labels):
    return F.nll_loss(F.log_softmax(net(images), dim=1), labels)
""",
            "nn.CrossEntropyLoss as an object": """
def classifier_loss(net, images, labels):
    criterion = nn.CrossEntropyLoss()
    return criterion(net(images), labels)
""",
            "log_softmax before cross_entropy, which changes nothing": """
def classifier_loss(net, images, labels):
    log_probabilities = net(images).log_softmax(1)
    return F.cross_entropy(log_probabilities, labels)
""",
            "reduction by hand, keyword arguments": """
def classifier_loss(net, images, labels):
    each = F.cross_entropy(input=net(images), target=labels, reduction="none")
    return torch.mean(each)
""",
        },
        "exercise-4": {
            "logsumexp minus the mean logit": """
def undecided(logits):
    return (logits.logsumexp(dim=1) - logits.mean(dim=1)).mean()
""",
            "cross_entropy with a uniform target": """
def undecided(logits):
    uniform = torch.full_like(logits, 1 / logits.shape[1], requires_grad=False)
    return F.cross_entropy(logits, uniform)
""",
            "all of the label smoothing": """
def undecided(logits):
    any_label = torch.zeros(len(logits), dtype=torch.int64)
    return F.cross_entropy(logits, any_label, label_smoothing=1.0)
""",
            "mean over the classes of the cross-entropy with each of them": """
def undecided(logits):
    B, K = logits.shape
    return sum(F.cross_entropy(logits, torch.full((B,), k)) for k in range(K)) / K
""",
        },
    },
    "08_conditional_gan": {
        "exercise-1": {
            "repeat of the four-dimensional tensor": """
def label_planes(one_hot, height, width):
    return one_hot.unsqueeze(-1).unsqueeze(-1).repeat(1, 1, height, width)
""",
            "the given line mended: channels last in the view, then moved": """
def label_planes(one_hot, height, width):
    return one_hot.repeat(1, height * width).view(-1, height, width, 10).permute(0, 3, 1, 2)
""",
            "repeat_interleave and reshape": """
def label_planes(one_hot, height, width):
    return one_hot.repeat_interleave(height * width, dim=1).reshape(-1, 10, height, width)
""",
            "broadcast_to, copied": """
def label_planes(one_hot, height, width):
    return torch.broadcast_to(one_hot[..., None, None], (*one_hot.shape, height, width)).clone()
""",
        },
        "exercise-2": {
            "one_hot left as integers: cat makes float32 of both": """
def with_label(images, labels):
    planes = F.one_hot(labels, 10)[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], 1)
""",
            "rows of the identity matrix": """
def with_label(images, labels):
    height, width = images.shape[-2:]
    planes = torch.eye(10)[labels].view(-1, 10, 1, 1).repeat(1, 1, height, width)
    return torch.cat((images, planes), dim=1)
""",
            "comparison with 0 to 9 by broadcasting": """
def with_label(images, labels):
    is_digit = labels[:, None] == torch.arange(10)
    planes = is_digit.float()[..., None, None].expand(-1, -1, *images.shape[2:])
    return torch.concat([images, planes], dim=1)
""",
            "einsum of one-hot and ones": """
def with_label(images, labels):
    one_hot = F.one_hot(labels, num_classes=10).to(torch.float32)
    planes = torch.einsum("bk,bchw->bkhw", one_hot, torch.ones_like(images))
    return torch.cat([images, planes], 1)
""",
        },
        "exercise-3": {
            "stacked means and a dot product with the weights": """
def matching_aware_loss(real_scores, wrong_scores, fake_scores):
    means = torch.stack([F.softplus(s).mean() for s in (-real_scores, wrong_scores, fake_scores)])
    return means @ means.new_tensor([1.0, 0.5, 0.5])
""",
            "float64 inside, the scores' dtype out": """
def matching_aware_loss(real_scores, wrong_scores, fake_scores):
    real, wrong, fake = (s.double() for s in (real_scores, wrong_scores, fake_scores))
    loss = F.softplus(-real).mean() + 0.5 * (F.softplus(wrong).mean() + F.softplus(fake).mean())
    return loss.to(real_scores.dtype)
""",
            "functools.partial of torch.lerp for the two halves": """
def matching_aware_loss(real_scores, wrong_scores, fake_scores):
    half = functools.partial(torch.lerp, weight=0.5)
    fakes = half(F.softplus(wrong_scores).mean(), F.softplus(fake_scores).mean())
    return torch.add(fakes, F.softplus(real_scores.neg()).mean())
""",
            "minus logsigmoid in place of softplus": """
def matching_aware_loss(real_scores, wrong_scores, fake_scores):
    real = -F.logsigmoid(real_scores).mean()
    wrong = -F.logsigmoid(-wrong_scores).mean()
    fake = -F.logsigmoid(-fake_scores).mean()
    return real + (wrong + fake) / 2
""",
        },
        "exercise-4": {
            "lambda, map and masked sums": """
accuracy_by_digit = lambda read, wanted: torch.stack(list(map(
    lambda k: ((read == k) & (wanted == k)).sum() / (wanted == k).sum(), range(10))))
""",
            "confusion matrix, its diagonal over its row sums": """
def accuracy_by_digit(read, wanted):
    confusion = torch.bincount(10 * wanted + read, minlength=100).view(10, 10).float()
    return confusion.diagonal() / confusion.sum(1)
""",
            "einsum of two one-hot tables": """
def accuracy_by_digit(read, wanted):
    asked, seen = (F.one_hot(digits, num_classes=10).double() for digits in (wanted, read))
    return (torch.einsum("nk,nk->k", asked, seen) / asked.sum(dim=0)).to(torch.float32)
""",
            "two bincounts, 0/0 is NaN": """
def accuracy_by_digit(read, wanted):
    asked = torch.bincount(wanted, minlength=10)
    obeyed = torch.bincount(wanted[read == wanted], minlength=10)
    return obeyed / asked
""",
        },
    },
    "09_wasserstein": {
        "exercise-1": {
            "torch.sub with keyword arguments": """
def critic_and_generator_loss(real_scores, fake_scores):
    critic_loss = torch.sub(input=fake_scores.mean(), other=real_scores.mean())
    return critic_loss, torch.neg(fake_scores.mean())
""",
            "the lesson's own pair from losses": """
def critic_and_generator_loss(real_scores, fake_scores):
    pair = losses.wasserstein()
    return pair.discriminator(real=real_scores, fake=fake_scores), pair.generator(fake=fake_scores)
""",
            "all pairs of a fake and a real score": """
def critic_and_generator_loss(real_scores, fake_scores):
    pairs = fake_scores[:, None] - real_scores[None, :]
    return pairs.mean(), (-fake_scores).mean(dim=0)
""",
            "lambda assigned to the name": """
critic_and_generator_loss = lambda real_scores, fake_scores: (
    fake_scores.mean() - real_scores.mean(),
    fake_scores.mean().neg(),
)
""",
        },
        "exercise-2": {
            "argsort and indexing": """
def earth_movers_distance(a, b):
    return torch.mean(torch.abs(a[torch.argsort(a)] - b[torch.argsort(b)]))
""",
            "nn.L1Loss on topk of all": """
def earth_movers_distance(a, b):
    return nn.L1Loss()(a.topk(len(a)).values, b.topk(len(b)).values)
""",
            "vector_norm of order 1 over the count": """
def earth_movers_distance(a, b):
    return torch.linalg.vector_norm(a.msort() - b.msort(), ord=1) / a.numel()
""",
            "both sorted in one go, downwards": """
def earth_movers_distance(a, b):
    both = torch.stack([a, b]).sort(dim=1, descending=True).values
    return both.diff(dim=0).abs().mean()
""",
        },
        "exercise-3": {
            "torch.lerp": """
def interpolate(real, fake):
    shape = (real.shape[0],) + (1,) * (real.dim() - 1)
    return torch.lerp(fake, real, torch.rand(shape, dtype=real.dtype))
""",
            "from the fake a part of the way to real, uniform_ on an empty tensor": """
def interpolate(real, fake):
    part = real.new_empty([len(real)] + [1] * (real.ndim - 1)).uniform_()
    return fake + part * (real - fake)
""",
            "epsilon belongs to the fake: the same distribution": """
def interpolate(real, fake):
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), dtype=real.dtype)
    return (1 - epsilon) * real + epsilon * fake
""",
            "einsum with an ellipsis": """
def interpolate(real, fake):
    epsilon = torch.rand(len(real), dtype=real.dtype)
    of_real = torch.einsum("b,b...->b...", epsilon, real)
    return of_real + torch.einsum("b,b...->b...", 1 - epsilon, fake)
""",
        },
        "exercise-4": {
            "vector_norm over all dimensions behind the first": """
def penalty_from(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients, dim=list(range(1, gradients.ndim)))
    return torch.mean((lengths - 1) ** 2) * weight
""",
            "Tensor.norm after reshape": """
def penalty_from(gradients, weight):
    lengths = gradients.reshape(len(gradients), -1).norm(p=2, dim=-1)
    return (lengths - 1).pow(2).mean().mul(weight)
""",
            "nn.MSELoss against ones": """
def penalty_from(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients.flatten(start_dim=1), dim=1)
    return weight * nn.MSELoss()(lengths, torch.ones_like(lengths))
""",
            "the usual tiny number under the root: 10 - 2e-5 at a gradient of 0, within float": """
def penalty_from(gradients, weight):
    lengths = (gradients.flatten(1).square().sum(1) + 1e-12).sqrt()
    return weight * ((lengths - 1) ** 2).mean()
""",
        },
        "exercise-5": {
            ".data in place": """
def clip_critic(critic, c):
    for parameter in critic.parameters():
        parameter.data.clamp_(-c, c)
""",
            "two one-sided clamps on a detached view": """
def clip_critic(critic, c):
    for parameter in list(critic.parameters()):
        parameter.detach().clamp_max_(c).clamp_min_(-c)
""",
            "the decorator no_grad": """
@torch.no_grad()
def clip_critic(critic, c):
    for parameter in critic.parameters():
        parameter.clamp_(min=-c, max=c)
""",
            "copy_ of a clamped copy": """
def clip_critic(critic, c):
    with torch.no_grad():
        for _, parameter in critic.named_parameters():
            parameter.copy_(parameter.clamp(-c, c))
""",
        },
    },
    "10_fair_comparison": {
        "exercise-1": {
            "a plain loop with the best so far": """
def choose_rate(tries):
    best_rate, best = None, None
    for rate, values in tries.items():
        found = statistics.median([math.inf if value != value else value for value in values])
        if best is None or found < best:
            best_rate, best = rate, found
    return best_rate
""",
            "median_low and median_high, and their mean": """
def choose_rate(tries):
    scores = []
    for position, (rate, values) in enumerate(tries.items()):
        filled = [float("inf") if math.isnan(value) else value for value in values]
        middle = (statistics.median_low(filled) + statistics.median_high(filled)) / 2
        scores.append((middle, position, rate))
    return sorted(scores)[0][2]
""",
            "sorted by a key that puts NaN last, the middle by hand": """
def choose_rate(tries):
    def middle(rate):
        ordered = sorted(tries[rate], key=lambda value: (math.isnan(value), value))
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        found = (low + high) / 2
        return math.inf if math.isnan(found) else found

    return min(tries, key=middle)
""",
            "NumPy inside": """
def choose_rate(tries):
    import numpy as np
    rates = list(tries)
    middles = []
    for rate in rates:
        values = np.array(tries[rate], dtype=float)
        middles.append(np.median(np.where(np.isnan(values), np.inf, values)))
    return rates[int(np.argmin(middles))]
""",
        },
        "exercise-2": {
            "scipy's binomial test": """
def sign_test(a, b):
    from scipy.stats import binomtest
    wins = sum(x < y for x, y in zip(a, b))
    losses_of_a = sum(x > y for x, y in zip(a, b))
    if wins + losses_of_a == 0:
        return 1.0
    return min(1.0, float(binomtest(wins, wins + losses_of_a, 0.5).pvalue))
""",
            "NumPy signs": """
def sign_test(a, b):
    import numpy as np
    signs = np.sign(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    lower, higher = int((signs < 0).sum()), int((signs > 0).sum())
    n = lower + higher
    p = 2 * sum(map(functools.partial(math.comb, n), range(min(lower, higher) + 1))) / 2**n
    return float(min(p, 1.0))
""",
            "a row of Pascal's triangle": """
def sign_test(a, b):
    lower = sum(1 for x, y in zip(a, b) if x < y)
    higher = sum(1 for x, y in zip(a, b) if x > y)
    row = [1]
    for _ in range(lower + higher):
        row = [1, *(p + q for p, q in itertools.pairwise(row)), 1]
    tail = sum(row[: min(lower, higher) + 1])
    return min(2 * tail / sum(row), 1.0)
""",
            "binomials by functools.reduce": """
def sign_test(a, b):
    def choose(n, k):
        return functools.reduce(lambda found, i: found * (n - i) // (i + 1), range(k), 1)

    differences = [x - y for x, y in zip(a, b) if x != y]
    n = len(differences)
    m = min(sum(d < 0 for d in differences), sum(d > 0 for d in differences))
    return min(1.0, sum(choose(n, k) for k in range(m + 1)) * 2 / 2**n)
""",
        },
        "exercise-3": {
            "all pairs by itertools.product": """
def verdict(a, b):
    def nearer(one, two):
        return all(x < y for judge in one for x, y in itertools.product(one[judge], two[judge]))

    return "a" if nearer(a, b) else "b" if nearer(b, a) else "open"
""",
            "the set of what the judges say": """
def verdict(a, b):
    said = set()
    for judge, of_a in a.items():
        of_b = b[judge]
        said.add("a" if max(of_a) < min(of_b) else "b" if max(of_b) < min(of_a) else "open")
    return said.pop() if len(said) == 1 else "open"
""",
            "the sign of each gap": """
def verdict(a, b):
    signs = [(min(b[j]) > max(a[j])) - (min(a[j]) > max(b[j])) for j in a.keys()]
    total = sum(signs)
    if total == len(signs):
        return "a"
    if total == -len(signs):
        return "b"
    return "open"
""",
            "sorted copies": """
def verdict(a, b):
    a_first = a_last = True
    for judge in sorted(a):
        x, y = sorted(a[judge]), sorted(b[judge])
        a_first = a_first and x[-1] < y[0]
        a_last = a_last and y[-1] < x[0]
    if a_first:
        return "a"
    return "b" if a_last else "open"
""",
        },
        "exercise-4": {
            "map and fsum": """
def expected_best(distances, k):
    return math.fsum(map(min, itertools.combinations(distances, k))) / math.comb(len(distances), k)
""",
            "torch.combinations in float64": """
def expected_best(distances, k):
    choices = torch.combinations(torch.tensor(distances, dtype=torch.float64), r=k)
    return choices.amin(dim=1).mean().item()
""",
            "NumPy": """
def expected_best(distances, k):
    import numpy as np
    return float(np.mean(np.min(list(itertools.combinations(distances, k)), axis=1)))
""",
            "exact fractions inside": """
def expected_best(distances, k):
    from fractions import Fraction
    lowest = [Fraction(min(choice)) for choice in itertools.combinations(distances, k)]
    return float(sum(lowest) / len(lowest))
""",
        },
    },
}
