"""The same request where there is little and where there is much: it should cost the same."""
import statistics
import sys

import run


def compare(scenarios, options):
    """`scenarios`: {name: {size: measure}}, measure() returns figures of a round. Prints the table; returns {name: {size: [figures]}}."""
    rounds = {name: {size: [] for size in sizes} for name, sizes in scenarios.items()}
    for number in range(options.rounds):
        for name, sizes in scenarios.items():
            for size, measure in sizes.items() if number % 2 else reversed(sizes.items()):
                print(f"\rround {number + 1} of {options.rounds}: {name}, {size:<20}", end="", file=sys.stderr, flush=True)
                figures = run.twice(f"{name}, {size}", measure)
                if figures:
                    rounds[name][size].append(figures)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    print(f"{'':30}{'of':>10}{'a second':>10}{'CPU µs':>9}{'p50 ms':>9}{'p99 ms':>9}{'to the least':>14}")
    for name, sizes in rounds.items():
        least = None
        for size, counted in sizes.items():
            if not counted:
                print(f"{name:30}{size:>10} no round counts")
                continue
            middle = {figure: statistics.median(one[figure] for one in counted) for figure in ("rate", "cpu", "p50", "p99")}
            least = least or middle
            print(f"{name:30}{size:>10}{middle['rate']:10.1f}{middle['cpu']:9.0f}{middle['p50']:9.2f}{middle['p99']:9.2f}{middle['rate'] / least['rate']:14.2f}")
    return rounds
