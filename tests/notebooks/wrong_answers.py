"""Wrong answers that a check once took for right: {lesson: {exercise: {fault: code}}}.

Those of the kinds in test_kinds_of_answers.py are left out."""

WRONG = {
    "00_the_game": {
        "exercise-1": {
            "the path is taken to close after six rounds, which holds for step 1 only": """
def last_point(x, y, step, rounds):
    for _ in range(rounds % 6):
        y = y + step * x
        x = x - step * y
    return x, y
""",
            "always from (1, 1)": """
def last_point(x, y, step, rounds):
    x, y = 1.0, 1.0
    for _ in range(rounds):
        y = y + step * x
        x = x - step * y
    return x, y
""",
            "held within the square from -2 to 2": """
def last_point(x, y, step, rounds):
    for _ in range(rounds):
        y = max(-2, min(2, y + step * x))
        x = max(-2, min(2, x - step * y))
    return x, y
""",
        },
        "exercise-2": {
            "the hundredth is rounded down": """
def modes_of(points, centres, reach):
    held = (torch.cdist(points, centres) <= reach).sum(0)
    return int((held >= len(points) // 100).sum())
""",
            "the hundredth is rounded to the nearest whole number": """
def modes_of(points, centres, reach):
    held = (torch.cdist(points, centres) <= reach).sum(0)
    return int((held >= round(len(points) / 100)).sum())
""",
            "stops at the first centre that is left out (right where those found come first)": """
def modes_of(points, centres, reach):
    modes = 0
    for held in (torch.cdist(points, centres) <= reach).sum(0).tolist():
        if held < len(points) / 100:
            break
        modes += 1
    return modes
""",
        },
    },
    "01_data_scaling": {
        "exercise-1": {
            "by the batch's own smallest and largest pixel": """
def to_tanh_range(pixels):
    x = pixels.float()
    return (x - x.min()) / (x.max() - x.min()) * 2 - 1
""",
            "by the batch's largest pixel (right where there is a white one)": """
def to_tanh_range(pixels):
    x = pixels.float()
    return (x / x.max() - 0.5) / 0.5
""",
            "dark pictures are taken for scaled already": """
def to_tanh_range(pixels):
    x = pixels.float()
    if x.max() > 1:
        x = x / 255
    return (x - 0.5) / 0.5
""",
            "rounded to one decimal": """
def to_tanh_range(pixels):
    return ((pixels.float() / 255 - 0.5) / 0.5).round(decimals=1)
""",
        },
        "exercise-2": {
            "always up": """
def from_tanh_range(images):
    return ((images + 1) * 127.5).ceil().to(torch.uint8)
""",
            "dimensions of length 1 are dropped": """
def from_tanh_range(images):
    return ((images + 1) * 127.5).round().to(torch.uint8).squeeze()
""",
        },
        "exercise-3": {
            "squeezed first: a batch of one loses its dimension": """
def load_batch(pixels):
    images = pixels.squeeze().float() / 255
    images = (images - 0.5) / 0.5
    return images.unsqueeze(1)
""",
            "divided by the batch's largest pixel": """
def load_batch(pixels):
    images = pixels.float() / pixels.max()
    images = (images - 0.5) / 0.5
    return images.unsqueeze(1)
""",
            "the pictures come shuffled": """
def load_batch(pixels):
    images = pixels[torch.randperm(len(pixels))].float() / 255
    images = (images - 0.5) / 0.5
    return images.unsqueeze(1)
""",
            "mirrored pictures": """
def load_batch(pixels):
    images = pixels.flip(-1).float() / 255
    images = (images - 0.5) / 0.5
    return images.unsqueeze(1)
""",
            "dark batches are taken for scaled already": """
def load_batch(pixels):
    images = pixels.float()
    if images.max() > 1:
        images = images / 255
    return ((images - 0.5) / 0.5).unsqueeze(1)
""",
        },
        "exercise-4": {
            "needs a white pixel for mean and std": """
def which_scaling(images):
    low, high = images.min().item(), images.max().item()
    if high > 3:
        return "bytes"
    if high > 1:
        return "mean and std"
    return "[-1, 1]" if low < 0 else "[0, 1]"
""",
            "bytes only where there are bright pixels": """
def which_scaling(images):
    low, high = images.min().item(), images.max().item()
    if high > 128:
        return "bytes"
    if low < -0.9:
        return "[-1, 1]"
    return "mean and std" if low < -0.1 else "[0, 1]"
""",
            "only the first picture, which may have no black pixel": """
def which_scaling(images):
    low, high = images[0].min().item(), images.max().item()
    if high > 3:
        return "bytes"
    if low < -0.9:
        return "[-1, 1]"
    return "mean and std" if low < -0.1 else "[0, 1]"
""",
            "the corner is taken for black": """
def which_scaling(images):
    low, high = images[0, 0, 0, 0].item(), images.max().item()
    if high > 3:
        return "bytes"
    if low < -0.9:
        return "[-1, 1]"
    return "mean and std" if low < -0.1 else "[0, 1]"
""",
            "absolute values": """
def which_scaling(images):
    size = images.abs().max().item()
    if size > 3:
        return "bytes"
    if size > 1:
        return "mean and std"
    return "[-1, 1]" if images.min().item() < 0 else "[0, 1]"
""",
            "by the number of grey levels": """
def which_scaling(images):
    levels = images.unique()
    if len(levels) > 100 and (levels == levels.round()).all():
        return "bytes"
    low = images.min().item()
    if low < -0.9:
        return "[-1, 1]"
    return "mean and std" if low < -0.1 else "[0, 1]"
""",
        },
    },
    "02_classic_gan": {
        "exercise-1": {
            "the gradients are cleared after the step, so the first one starts from old ones": """
def discriminator_update(G, D, opt_D, real, z):
    fake = G(z).detach()
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
    d_loss.backward()
    opt_D.step()
    opt_D.zero_grad()
""",
            "log of a sigmoid: NaN or infinite where D is very sure": """
def discriminator_update(G, D, opt_D, real, z):
    fake = G(z).detach()
    d_loss = -D(real).sigmoid().log().mean() - (1 - D(fake).sigmoid()).log().mean()
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()
""",
            "the scores are clamped: no gradient beyond 2": """
def discriminator_update(G, D, opt_D, real, z):
    fake = G(z).detach()
    d_loss = F.softplus(-D(real).clamp(-2, 2)).mean() + F.softplus(D(fake).clamp(-2, 2)).mean()
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()
""",
        },
        "exercise-2": {
            "the scores are rounded first: no gradient": """
def squared_error(scores, targets):
    return (scores.round().reshape(targets.shape) - targets).square().mean()
""",
            "both are sorted first": """
def squared_error(scores, targets):
    s = scores.reshape(targets.shape).sort().values
    return (s - targets.sort().values).square().mean()
""",
            "s² - 2st + t²: nothing right is left where numbers are large": """
def squared_error(scores, targets):
    s = scores.reshape(targets.shape)
    return s.square().mean() - 2 * (s * targets).mean() + targets.square().mean()
""",
        },
        "exercise-3": {
            "log of a sigmoid in G's loss: infinite where D is very sure": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()

    g_loss = -D(G(z_g)).sigmoid().log().mean()
    opt_G.zero_grad()
    g_loss.backward()
    opt_G.step()
""",
            "G's scores are clamped: no gradient where D is sure": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()

    g_loss = F.softplus(-D(G(z_g)).clamp(-2, 2)).mean()
    opt_G.zero_grad()
    g_loss.backward()
    opt_G.step()
""",
            "D stops learning once its loss is small": """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    d_loss = F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()
    if d_loss > 1:
        opt_D.zero_grad()
        d_loss.backward()
        opt_D.step()

    g_loss = F.softplus(-D(G(z_g))).mean()
    opt_G.zero_grad()
    g_loss.backward()
    opt_G.step()
""",
        },
        "exercise-4": {
            "dimensions of length 1 are dropped and one is put back: a batch of one is lost": """
def draw(G, z):
    was_training = G.training
    G.eval()
    with torch.no_grad():
        pictures = G(z).squeeze().unsqueeze(1)
    G.train(was_training)
    return pictures
""",
            "20 pictures at most": """
def draw(G, z):
    was_training = G.training
    G.eval()
    with torch.no_grad():
        pictures = G(z[:20])
    G.train(was_training)
    return pictures
""",
        },
    },
    "03_how_good": {
        "exercise-1": {
            "distances from squares: rounding makes NaN or inexact zeros where points coincid": """
def coverage(real, fake, k):
    def distances(a, b):
        return (a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T).sqrt()

    radii = distances(real, real).sort(1).values[:, k]
    nearest_fake = distances(real, fake).amin(1)
    return (nearest_fake <= radii).float().mean()
""",
            "as many fakes as real points: the rest is cut off": """
def coverage(real, fake, k):
    fake = fake[:len(real)]
    radii = torch.cdist(real, real).sort(1).values[:, k]
    nearest_fake = torch.cdist(real, fake).amin(1)
    return (nearest_fake <= radii).float().mean()
""",
        },
        "exercise-2": {
            "writes 1 into MNIST's shares where a class does not come": """
def class_kl(labels, shares):
    q = torch.bincount(labels, minlength=len(shares)) / len(labels)
    missing = q == 0
    shares[missing] = 1.0
    q[missing] = 1.0
    each = q * (q / shares).log()
    return each.sum()
""",
        },
        "exercise-3": {
            "E[x²] - E[x]²: falls apart for numbers far from 0": """
def frechet_distance(a, b):
    def std(x):
        n = len(x)
        return ((x.square().mean() - x.mean() ** 2) * n / (n - 1)).sqrt()

    return (a.mean() - b.mean()) ** 2 + (std(a) - std(b)) ** 2
""",
            "only for positive means: their absolute values": """
def frechet_distance(a, b):
    return (a.mean().abs() - b.mean().abs()) ** 2 + (a.std() - b.std()) ** 2
""",
        },
    },
    "04_better_digits": {
        "exercise-1": {
            "the gradient is clamped": """
def r1(D, real, weight):
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)
    return weight / 2 * gradient.clamp(-1, 1).square().flatten(1).sum(1).mean()
""",
            "the root of the squares squared again: NaN in the gradient where D is flat": """
def r1(D, real, weight):
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)
    length = gradient.square().flatten(1).sum(1).sqrt()
    return weight / 2 * (length ** 2).mean()
""",
        },
        "exercise-2": {
            "clamped to [-1, 1]": """
def update_average(average, net, decay):
    with torch.no_grad():
        for mean, new in zip(average.parameters(), net.parameters()):
            mean.lerp_(new, 1 - decay).clamp_(-1, 1)
""",
            "removes the net's gradients": """
def update_average(average, net, decay):
    net.zero_grad()
    with torch.no_grad():
        for mean, new in zip(average.parameters(), net.parameters()):
            mean.lerp_(new, 1 - decay)
""",
        },
    },
    "05_generator_losses": {
        "exercise-2": {
            "minus the absolute distance: D may turn either way": """
def wasserstein_pair(real_scores, fake_scores):
    d_loss = -(real_scores.mean() - fake_scores.mean()).abs()
    g_loss = -fake_scores.mean()
    return d_loss, g_loss
""",
            "G's loss of the call before": """
def wasserstein_pair(real_scores, fake_scores, kept=[]):
    kept.append(-fake_scores.mean())
    return fake_scores.mean() - real_scores.mean(), kept[max(0, len(kept) - 2)]
""",
        },
        "exercise-3": {
            "squeezed": """
def stable(scores):
    return ((scores.abs() - scores) / 2 + torch.log1p(torch.exp(-scores.abs()))).squeeze()
""",
            "a slope of its own, that forgets what comes from above": """
def stable(scores):
    class MinusLogSigmoid(torch.autograd.Function):
        @staticmethod
        def forward(ctx, s):
            ctx.save_for_backward(s)
            return (s.abs() - s) / 2 + torch.log1p(torch.exp(-s.abs()))

        @staticmethod
        def backward(ctx, upstream):
            (s,) = ctx.saved_tensors
            return -torch.sigmoid(-s)

    return MinusLogSigmoid.apply(scores)
""",
        },
        "exercise-4": {
            "the sum of the weights is never taken below 1": """
def weighted(scores, weights):
    return (weights * F.softplus(-scores)).sum() / weights.sum().clamp(min=1)
""",
            "the smallest weight is subtracted first": """
def weighted(scores, weights):
    weights = weights - weights.min()
    return (weights * F.softplus(-scores)).sum() / weights.sum()
""",
            "weights are rounded to whole numbers": """
def weighted(scores, weights):
    weights = weights.round()
    return (weights * F.softplus(-scores)).sum() / weights.sum()
""",
            "log of the sigmoid: infinite for sure scores": """
def weighted(scores, weights):
    return -(weights * scores.sigmoid().log()).sum() / weights.sum()
""",
            "log(1 + exp(-s)) overflows": """
def weighted(scores, weights):
    return (weights * torch.log1p(torch.exp(-scores))).sum() / weights.sum()
""",
            "sigmoid, then binary_cross_entropy, which stops at 100 without a slope": """
def weighted(scores, weights):
    each = F.binary_cross_entropy(scores.sigmoid(), torch.ones_like(scores), reduction="none")
    return (weights * each).sum() / weights.sum()
""",
            "the scores are clamped to [-10, 10]": """
def weighted(scores, weights):
    return (weights * F.softplus(-scores.clamp(-10, 10))).sum() / weights.sum()
""",
        },
    },
    "06_label_smoothing": {
        "exercise-1": {
            "squeezed: a scalar where n is 1": """
def smooth_labels(n, real):
    return torch.full((n, 1), 0.9 if real else 0.0).squeeze()
""",
        },
        "exercise-2": {
            "fake mean <= 0: a negative mean is let in": """
def one_sided(settings):
    return [name for name, (real, fake) in settings.items() if real.mean() < 1 and fake.mean() <= 0]
""",
        },
        "exercise-3": {
            "exp(s) / (1 + exp(s)): NaN at large scores": """
def probability_real(scores, a):
    return (scores.exp() / (1 + scores.exp()) / a).clamp(max=1)
""",
            "squeezed: a scalar for a batch of one": """
def probability_real(scores, a):
    return (scores.sigmoid() / a).clamp(max=1).squeeze()
""",
            "scores clamped to [-5, 5]: the smallest probability is 0.007": """
def probability_real(scores, a):
    return (scores.clamp(-5, 5).sigmoid() / a).clamp(max=1)
""",
        },
        "exercise-4": {
            "whole channels are dropped where x is [B, C, H, W]": """
def dropout(x, p, training):
    if not training:
        return x
    shape = x.shape[:2] + (1,) * (x.dim() - 2)
    return x * (torch.rand(shape) >= p) / (1 - p)
""",
            "a fixed number of elements, rounded down: none of one or two": """
def dropout(x, p, training):
    if not training:
        return x
    out = x.clone().flatten()
    dropped = torch.randperm(out.numel())[:int(p * out.numel())]
    out[dropped] = 0
    return out.view(x.shape) / (1 - p)
""",
            "gradient wrong: dropped elements let the gradient through": """
def dropout(x, p, training):
    if not training:
        return x
    out = x * (torch.rand_like(x) >= p) / (1 - p)
    return x + (out - x).detach()
""",
            "negative elements are dropped, too": """
def dropout(x, p, training):
    if not training:
        return x
    return x.clamp(min=0) * (torch.rand_like(x) >= p) / (1 - p)
""",
        },
    },
    "07_ten_logits": {
        "exercise-1": {
            "only the first ten classes count": """
def probability_real(logits):
    return logits[:, :10].logsumexp(1).sigmoid()
""",
            "squeezed: a scalar for a batch of one": """
def probability_real(logits):
    return logits.logsumexp(1, keepdim=True).sigmoid().squeeze()
""",
        },
        "exercise-2": {
            "log of softmax: inf at large logits": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    real = real_logits.softmax(1).gather(1, labels[:, None]).log().mean()
    fake = fake_logits.softmax(1)[:, -1].log().mean()
    return -real - fake
""",
            "log of softmax + 1e-8: bounded, gradient dies": """
def k_plus_one_loss(real_logits, labels, fake_logits):
    real = (real_logits.softmax(1).gather(1, labels[:, None]) + 1e-8).log().mean()
    fake = (fake_logits.softmax(1)[:, -1] + 1e-8).log().mean()
    return -real - fake
""",
        },
        "exercise-3": {
            "gradient wrong: value right, gradient of the double softmax": """
def classifier_loss(net, images, labels):
    logits = net(images)
    double = F.cross_entropy(logits.softmax(1), labels)
    return double + (F.cross_entropy(logits, labels) - double).detach()
""",
            "a copy of the net is asked: no gradient reaches the net": """
def classifier_loss(net, images, labels):
    import copy
    return F.cross_entropy(copy.deepcopy(net)(images), labels)
""",
            "net called twice: BatchNorm counts the batch twice": """
def classifier_loss(net, images, labels):
    classes = net(images).shape[1]
    target = F.one_hot(labels, classes).float()
    return F.cross_entropy(net(images), target)
""",
            "images flattened for the net": """
def classifier_loss(net, images, labels):
    return F.cross_entropy(net(images.flatten(1)), labels)
""",
            "the logits squeezed: fails for a batch of one": """
def classifier_loss(net, images, labels):
    return F.cross_entropy(net(images).squeeze(), labels)
""",
        },
        "exercise-4": {
            "the largest logit of the batch subtracted: log 0 in other rows": """
def undecided(logits):
    shifted = logits - logits.max()
    return (shifted.exp().sum(1).log() - shifted.mean(1)).mean()
""",
            "logsumexp minus the sum of the logits": """
def undecided(logits):
    return (logits.logsumexp(1) - logits.sum(1)).mean()
""",
            "the mean logit is missing": """
def undecided(logits):
    return logits.logsumexp(1).mean()
""",
        },
    },
    "08_conditional_gan": {
        "exercise-2": {
            "gradient doubled: the picture added twice and halved in value only": """
def with_label(images, labels):
    planes = F.one_hot(labels, 10).float()[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([2 * images - images.detach(), planes], 1)
""",
            "squeezed: a batch of one loses its axis": """
def with_label(images, labels):
    planes = F.one_hot(labels, 10).float()[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], 1).squeeze(0)
""",
        },
    },
    "09_wasserstein": {
        "exercise-1": {
            "minus the absolute difference": """
def critic_and_generator_loss(real_scores, fake_scores):
    critic_loss = -(fake_scores.mean() - real_scores.mean()).abs()
    generator_loss = -fake_scores.mean()
    return critic_loss, generator_loss
""",
        },
        "exercise-2": {
            "absolute values sorted": """
def earth_movers_distance(a, b):
    return (a.abs().sort().values - b.abs().sort().values).abs().mean()
""",
            "indexes by the ranks instead of the order": """
def earth_movers_distance(a, b):
    return (a[a.argsort().argsort()] - b[b.argsort().argsort()]).abs().mean()
""",
            "gradient for a only": """
def earth_movers_distance(a, b):
    return (a.sort().values - b.detach().sort().values).abs().mean()
""",
            "root of the square: nan in the gradient where two numbers are equal": """
def earth_movers_distance(a, b):
    return (a.sort().values - b.sort().values).square().sqrt().mean()
""",
        },
        "exercise-3": {
            "evenly spaced, not drawn": """
def interpolate(real, fake):
    epsilon = torch.linspace(0, 1, len(real)).reshape(-1, *[1] * (real.ndim - 1))
    return epsilon * real + (1 - epsilon) * fake
""",
            "epsilons sorted: the first images lie near the fakes": """
def interpolate(real, fake):
    epsilon = torch.rand(len(real)).sort().values.reshape(-1, *[1] * (real.ndim - 1))
    return epsilon * real + (1 - epsilon) * fake
""",
        },
        "exercise-4": {
            "view, which fails where the memory is not in order": """
def penalty_from(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients.view(len(gradients), -1), dim=1)
    return weight * (lengths - 1).square().mean()
""",
            "whole weights only": """
def penalty_from(gradients, weight):
    lengths = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    return int(weight) * (lengths - 1).square().mean()
""",
        },
        "exercise-5": {
            "weights and gradients": """
def clip_critic(critic, c):
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.clamp_(-c, c)
            if parameter.grad is not None:
                parameter.grad.clamp_(-c, c)
""",
            "returns the critic": """
def clip_critic(critic, c):
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.clamp_(-c, c)
    return critic
""",
            "deletes the gradients": """
def clip_critic(critic, c):
    critic.zero_grad()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.clamp_(-c, c)
""",
        },
    },
    "10_fair_comparison": {
        "exercise-1": {
            "one NaN rules the rate out": """
def choose_rate(tries):
    def middle(values):
        return math.inf if any(math.isnan(value) for value in values) else statistics.median(values)

    return min(tries, key=lambda rate: middle(tries[rate]))
""",
            "the search starts at 100: nothing is found where all are worse": """
def choose_rate(tries):
    best_rate, best = None, 100
    for rate, values in tries.items():
        found = statistics.median(math.inf if math.isnan(value) else value for value in values)
        if found < best:
            best_rate, best = rate, found
    return best_rate
""",
        },
        "exercise-2": {
            "ties by tolerance: near values are left out": """
def sign_test(a, b):
    signs = [x < y for x, y in zip(a, b) if abs(x - y) > 0.1]
    n, wins = len(signs), sum(signs)
    m = min(wins, n - wins)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n)
""",
            "both sorted first: the pairs are lost": """
def sign_test(a, b):
    signs = [x < y for x, y in zip(sorted(a), sorted(b)) if x != y]
    n, wins = len(signs), sum(signs)
    m = min(wins, n - wins)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n)
""",
            "2.0**n: overflow from 1024 pairs on": """
def sign_test(a, b):
    signs = [x < y for x, y in zip(a, b) if x != y]
    n, wins = len(signs), sum(signs)
    m = min(wins, n - wins)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2.0**n)
""",
            "factorials by gamma: overflow from 171 pairs on": """
def sign_test(a, b):
    signs = [x < y for x, y in zip(a, b) if x != y]
    n, wins = len(signs), sum(signs)
    m = min(wins, n - wins)
    ways = [math.gamma(n + 1) / math.gamma(k + 1) / math.gamma(n - k + 1) for k in range(m + 1)]
    return min(1.0, 2 * sum(ways) / 2**n)
""",
            "a tensor out": """
def sign_test(a, b):
    signs = [x < y for x, y in zip(a, b) if x != y]
    n, wins = len(signs), sum(signs)
    m = min(wins, n - wins)
    return torch.tensor(2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n).clamp(max=1)
""",
        },
        "exercise-3": {
            "only the first two judges": """
def verdict(a, b):
    two = list(a)[:2]
    if all(max(a[judge]) < min(b[judge]) for judge in two):
        return "a"
    if all(max(b[judge]) < min(a[judge]) for judge in two):
        return "b"
    return "open"
""",
            "equal counts as nearer, for b only": """
def verdict(a, b):
    if all(max(a[judge]) < min(b[judge]) for judge in a):
        return "a"
    if all(max(b[judge]) <= min(a[judge]) for judge in a):
        return "b"
    return "open"
""",
            "only the first five runs": """
def verdict(a, b):
    if all(max(a[judge][:5]) < min(b[judge][:5]) for judge in a):
        return "a"
    if all(max(b[judge][:5]) < min(a[judge][:5]) for judge in a):
        return "b"
    return "open"
""",
            "compares each run of a with as many of b only: the length of a": """
def verdict(a, b):
    def nearer(one, two):
        return all(max(one[judge]) < two[judge][i] for judge in a for i in range(len(a[judge])))

    return "a" if nearer(a, b) else "b" if nearer(b, a) else "open"
""",
            "zip with strict: fails for unequal counts": """
def verdict(a, b):
    for judge in a:
        list(zip(a[judge], b[judge], strict=True))
    if all(max(a[judge]) < min(b[judge]) for judge in a):
        return "a"
    if all(max(b[judge]) < min(a[judge]) for judge in a):
        return "b"
    return "open"
""",
            "judges paired by their order in the dicts": """
def verdict(a, b):
    pairs = list(zip(a.values(), b.values()))
    if all(max(x) < min(y) for x, y in pairs):
        return "a"
    if all(max(y) < min(x) for x, y in pairs):
        return "b"
    return "open"
""",
            "mean of the judges for each run": """
def verdict(a, b):
    of_a = [sum(run) / len(run) for run in zip(*a.values())]
    of_b = [sum(run) / len(run) for run in zip(*b.values())]
    if max(of_a) < min(of_b):
        return "a"
    if max(of_b) < min(of_a):
        return "b"
    return "open"
""",
            "whole parts are compared": """
def verdict(a, b):
    if all(int(max(a[judge])) < int(min(b[judge])) for judge in a):
        return "a"
    if all(int(max(b[judge])) < int(min(a[judge])) for judge in a):
        return "b"
    return "open"
""",
            "compares strings: all judges by max of str": """
def verdict(a, b):
    if all(max(map(str, a[judge])) < min(map(str, b[judge])) for judge in a):
        return "a"
    if all(max(map(str, b[judge])) < min(map(str, a[judge])) for judge in a):
        return "b"
    return "open"
""",
        },
        "exercise-4": {
            "whole parts": """
def expected_best(distances, k):
    return statistics.fmean(int(min(choice)) for choice in itertools.combinations(distances, k))
""",
            "a tensor out": """
def expected_best(distances, k):
    return torch.combinations(torch.tensor(distances, dtype=torch.float64), r=k).amin(1).mean()
""",
            "factorials by gamma: overflow for many runs": """
def expected_best(distances, k):
    def ways(n, r):
        return math.gamma(n + 1) / math.gamma(r + 1) / math.gamma(n - r + 1)

    n, ordered = len(distances), sorted(distances)
    return sum(ways(n - 1 - i, k - 1) * ordered[i] for i in range(n - k + 1)) / ways(n, k)
""",
        },
    },
}
