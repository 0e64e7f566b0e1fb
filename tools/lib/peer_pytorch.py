#!/usr/bin/env python3
"""The work that `dermdistill bench` times, in PyTorch on the processor, set up to be as fast as PyTorch gets there.

Channels-last tensors; an allocator that keeps its memory (page faults cost a training step half its speed); the
processor's real instruction set for OpenBLAS, which takes new processors for old ones. The environment must hold these
settings before PyTorch is loaded, so the program starts itself once more with them.

Works: student-step     MobileNetV2: forward, cross-entropy, backward, SGD
       teacher-step     ResNet-50: the same
       teacher-forward  ResNet-50 in evaluation mode, no gradients
       ssdkd-step       all of SSD-KD on --batch images in four rotations each, the teacher online; images/s counts images

Prints one JSON line with the keys of `dermdistill bench --json`. With --on-demand: prepares, prints "ready", runs one
step for each line of the standard input, prints its seconds, and at the end of the input the JSON line.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time

WORKS = ("student-step", "teacher-step", "teacher-forward", "ssdkd-step")
MARK = "DERMDISTILL_PEER_TUNED"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--iters", type=int, default=7)
    parser.add_argument("--on-demand", action="store_true")
    return parser.parse_args()


def processor_flags():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            return next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return []


def restart_tuned(threads):
    """Replaces this process by one with the settings, unless it has them."""
    if os.environ.get(MARK):
        return
    never = str(1 << 35)  # bytes: no tensor is so large, so none is given back to the system
    settings = {MARK: "1", "MALLOC_MMAP_THRESHOLD_": never, "MALLOC_TRIM_THRESHOLD_": never,
                "MALLOC_TOP_PAD_": str(1 << 28), "OMP_NUM_THREADS": str(threads)}
    if platform.machine() == "x86_64":
        flags = processor_flags()
        if "avx512f" in flags:
            settings.update(OPENBLAS_CORETYPE="SKYLAKEX", ATEN_CPU_CAPABILITY="avx512")
        elif "avx2" in flags:
            settings.update(OPENBLAS_CORETYPE="HASWELL", ATEN_CPU_CAPABILITY="avx2")
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **settings})


options = arguments()
restart_tuned(options.threads)
try:
    import torch
    import torchvision
except ImportError as missing:
    sys.exit(f"error: {missing}; on Debian or Ubuntu: apt-get install python3-torch python3-torchvision")

functional = torch.nn.functional
layout = torch.channels_last
CLASSES = 8


def sgd(*modules):
    values = [value for module in modules for value in module.parameters()]
    return torch.optim.SGD(values, lr=1e-3, momentum=0.9, weight_decay=1e-3)


def random_views(count):
    return torch.randn(count, 3, options.size, options.size).contiguous(memory_format=layout)


def training_step(network):
    network = network.to(memory_format=layout).train()
    optimiser = sgd(network)
    images, labels = random_views(options.batch), torch.randint(0, CLASSES, (options.batch,))

    def step():
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(network(images), labels).backward()
        optimiser.step()

    return step


def forward_step(network):
    network = network.to(memory_format=layout).eval()
    images = random_views(options.batch)

    def step():
        with torch.inference_mode():
            network(images)

    return step


def softened_divergence(student, teacher, temperature):
    target = functional.softmax(teacher / temperature, 1)
    return functional.kl_div(functional.log_softmax(student / temperature, 1), target, reduction="batchmean") * temperature**2


def distances(embedding):
    squares = (embedding * embedding).sum(1)
    squared = (squares[:, None] + squares[None, :] - 2 * embedding @ embedding.t()).clamp(min=1e-12)
    return squared.sqrt() * (1 - torch.eye(len(embedding)))


def mean_normalised(matrix):
    return matrix / matrix[matrix > 0].mean()


def angles(embedding):
    directions = functional.normalize(embedding[None] - embedding[:, None], dim=2)
    return torch.bmm(directions, directions.transpose(1, 2)).flatten()


def channel_gram(features):
    count, channels, height, width = features.shape
    columns = features.reshape(count, channels, height * width)
    return columns.bmm(columns.transpose(1, 2)) / (channels * height * width)


def cosines(projection, transformed, normal):
    return functional.cosine_similarity(projection[transformed][:, None], projection[normal][None], dim=2)


def projection_head(width):
    return torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, width))


def distillation_step():
    student = torchvision.models.mobilenet_v2(weights=None, num_classes=CLASSES).to(memory_format=layout).train()
    teacher = torchvision.models.resnet50(weights=None, num_classes=CLASSES).to(memory_format=layout).eval()
    teacher_trunk = torch.nn.Sequential(*list(teacher.children())[:-2])
    student_head, teacher_head = projection_head(1280), projection_head(2048)
    regressor = torch.nn.Sequential(torch.nn.Conv2d(1280, 2048, 1), torch.nn.BatchNorm2d(2048), torch.nn.ReLU())
    regressor = regressor.to(memory_format=layout).train()
    optimiser = sgd(student, student_head, regressor)
    rows = 4 * options.batch
    views, labels = random_views(rows), torch.randint(0, CLASSES, (options.batch,))
    normal = torch.arange(rows) % 4 == 0
    transformed = ~normal

    def step():
        with torch.no_grad():
            their_map = teacher_trunk(views)
            their_embedding = their_map.mean((2, 3))
            their_logits = teacher.fc(their_embedding)
            their_cosines = cosines(teacher_head(their_embedding), transformed, normal)
            their_gram = channel_gram(their_map)
        our_map = student.features(views)
        our_embedding = our_map.mean((2, 3))
        our_logits = student.classifier[1](our_embedding)
        loss = 0.1 * functional.cross_entropy(our_logits[normal], labels)
        loss = loss + 0.9 * softened_divergence(our_logits[normal], their_logits[normal], 4.0)
        loss = loss + 2.7 * softened_divergence(our_logits[transformed], their_logits[transformed], 4.0)
        loss = loss + 10 * softened_divergence(cosines(student_head(our_embedding), transformed, normal), their_cosines, 0.5)
        loss = loss + 25 * functional.smooth_l1_loss(
            mean_normalised(distances(our_embedding)), mean_normalised(distances(their_embedding)))
        loss = loss + 50 * functional.smooth_l1_loss(angles(our_embedding), angles(their_embedding))
        loss = loss + 1000 * functional.mse_loss(channel_gram(regressor(our_map)), their_gram).sqrt()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def make_step():
    if options.work == "student-step":
        return training_step(torchvision.models.mobilenet_v2(weights=None, num_classes=CLASSES))
    if options.work == "teacher-step":
        return training_step(torchvision.models.resnet50(weights=None, num_classes=CLASSES))
    if options.work == "teacher-forward":
        return forward_step(torchvision.models.resnet50(weights=None, num_classes=CLASSES))
    return distillation_step()


def timed(step):
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def main():
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    step = make_step()
    step()
    step()
    if options.on_demand:
        print("ready", flush=True)
        seconds = []
        for _ in sys.stdin:
            seconds.append(timed(step))
            print(seconds[-1], flush=True)
    else:
        seconds = [timed(step) for _ in range(options.iters)]
    middle = statistics.median(seconds) if seconds else float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({
        "work": options.work, "torch": torch.__version__, "engine": "PyTorch " + torch.__version__,
        "threads": options.threads, "batch": options.batch, "size": options.size, "median_s": round(middle, 4),
        "min_s": round(min(seconds, default=middle), 4), "max_s": round(max(seconds, default=middle), 4),
        "images_per_s": round(options.batch / middle, 2), "peak_memory_mb": round(peak / 1e6, 1)}), flush=True)


if __name__ == "__main__":
    main()
