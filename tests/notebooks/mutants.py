"""Typical wrong answers to each exercise, with a part of the hint that each must get.

{lesson: {cell id of the exercise: [(what is changed in the solution, part of the hint), …]}}
A change is (old, new), several of them one after the other. An old of "" stands for the whole solution.
"""

SCALE = "(pixels.float() / 255 - 0.5) / 0.5"
D_LOSS = "F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()"

MUTANTS = {
    "01_data_scaling": {
        "exercise-1": [
            ([(SCALE, "pixels.float() / 255")], "first of two steps"),
            ([(SCALE, "(pixels.float() - 0.5) / 0.5")], "divide by 255 first"),
            ([(SCALE, "(pixels.float() / 255 - 0.1307) / 0.3081")], "a classifier's scaling"),
            ([(SCALE, "(pixels - 127).float() / 128")], "0 must become exactly -1"),
            ([(SCALE, "(pixels - 127) // 128")], "turn bytes into floats"),
            ([("float()", "double()")], "float32: use .float()"),
            ([("return", "result =")], "does every path end with `return`"),
        ],
        "exercise-2": [
            ([(".round()", "")], "Round first"),
            ([("127.5", "100")], "255 long"),
            ([(".to(torch.uint8)", "")], "a picture file holds bytes"),
            ([("(images + 1)", "images")], "add 1 before"),
            ([("(images + 1) *", "images.add_(1) *")], "do not work in place"),
        ],
        "exercise-3": [
            ([("/ 255", "/ 127.5 - 1")], "Which line is too many"),
            ([("transforms.Normalize((0.5,), (0.5,))(images)", "images")], "not scaled often enough"),
            ([("images = images.unsqueeze(1)", "pass")], "keep unsqueeze"),
            ([("/ 255", "/ 127.5 - 1"), ("(images)", "(images).clamp(-1, 1)")], "clamping hides"),
        ],
        "exercise-4": [
            ([("high > 3", "high > 300")], "largest pixel first"),
            ([("low < -0.9", "high <= 1")], "no pixel is below 0"),
            ([("low < -0.9", "(low, high) == (-1, 1)")], "need not be 1 in every batch"),
            ([("low < -0.9", "low < 0")], "(0 - 0.1307) / 0.3081"),
            ([('return "bytes"', "return high")], "one of the four names"),
        ],
    },
    "02_classic_gan": {
        "exercise-1": [
            ([(".detach()", "")], "detach it"),
            ([(D_LOSS, "F.softplus(D(real)).mean() + F.softplus(-D(fake)).mean()")], "are the targets exchanged"),
            ([("    opt_D.zero_grad()\n", "")], "gradients add up"),
            ([(D_LOSS, f"({D_LOSS}) / 2")], "without ½"),
            ([(D_LOSS, "F.softplus(-D(real)).mean()")], "both parts"),
            ([(D_LOSS, f"-({D_LOSS})")], "check the signs"),
            ([("    opt_D.step()\n", "")], "take its step"),
            ([("mean()", "sum()")], "take the mean over each batch"),
        ],
        "exercise-2": [
            ([("scores.reshape(targets.shape)", "scores")], "[3, 1] and [3] broadcast to [3, 3]"),
            ([(".mean()", ".sum()")], "the mean does not grow"),
            ([(".mean()", "")], "one number"),
            ([(".square()", ".abs()")], "(0² + 1² + 4²)"),
            ([("scores.reshape(targets.shape)", "scores.flatten()[:len(targets)]")], "do not stretch"),
            ([("scores.reshape(targets.shape)", "scores.flatten()")], "do not stretch"),
        ],
        "exercise-3": [
            ([("", """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    opt_G.zero_grad()
    F.softplus(-D(G(z_g))).mean().backward()
    opt_G.step()
    opt_D.zero_grad()
    (F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()).backward()
    opt_D.step()
""")], "G then plays against the new D"),
            ([("D(G(z_g))", "D(G(z_d))")], "draws new noise: use z_g"),
            ([("F.softplus(-D(G(z_g)))", "-F.softplus(D(G(z_g)))")], "minimax"),
            ([("F.softplus(-D(G(z_g)))", "F.softplus(D(G(z_g)))")], "mean of softplus(-score)"),
            ([("-D(G(z_g))", "-D(G(z_g).detach())")], "is G's fake not detached"),
            ([("d_loss.backward()", "(d_loss / 2).backward()")], "which is that of exercise 1"),
            ([("    opt_G.step()\n", "")], "is opt_G.step() there"),
            ([("    opt_G.step()\n", "    opt_G.step()\n    opt_D.step()\n")], "opt_D steps once"),
            ([("    opt_D.zero_grad()\n", "")], "gradients of the first are still there"),
            ([("    opt_G.zero_grad()\n", "")], "gradients of the first are still there"),
        ],
        "exercise-4": [
            ([("    G.eval()\n", "")], "G.eval() first"),
            ([("    G.train(was_training)\n", "")], "put it back"),
            ([("G.train(was_training)", "G.train()")], "remember G.training"),
            ([("torch.no_grad()", "torch.enable_grad()")], "torch.no_grad()"),
            ([("    G.eval()\n", "    G(z)\n    G.eval()\n")], "goes on counting"),
        ],
    },
}


def mutate(solution, changes):
    for old, new in changes:
        assert old in solution, old
        solution = solution.replace(old, new) if old else new
    return solution
