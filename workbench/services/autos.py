"""What *auto* comes to for each setting of a run, by the trainer's rules: shown where nothing is asked for."""

from __future__ import annotations

from crlft.config import RunConfig
from crlft.resolve import cpu_has_bf16, physical_cores, warmup_steps
from workbench.jobs import default_device
from workbench.services.preflight import Preflight

CPU_MICRO_BATCH, GPU_MICRO_BATCH = 2048, 16384
"""As `crlft.resolve.resolve` chooses; a test holds them together."""


def auto_values(flight: Preflight) -> dict[str, str]:
    """Return the value behind *auto* by setting, as text; those that only the trainer can know are left out.

    Args:
        flight: Of a request without settings of its own.
    """
    gpu = _on_gpu(flight.config)
    values: dict[str, object] = {
        "epochs": f"{flight.epochs:.1f}" if flight.epochs else None,
        "step_tokens": flight.step_tokens,
        "micro_batch_tokens": GPU_MICRO_BATCH if gpu else CPU_MICRO_BATCH,
        "learning_rate": f"{flight.learning_rate:g}",
        "max_tokens": flight.max_tokens,
        "threads": physical_cores(),
        "lora_alpha": 2 * flight.config.lora_rank,
        "device": "cuda" if gpu else "cpu",
        "packing": "on" if gpu else "off",
        "precision": None if gpu else "bf16" if cpu_has_bf16() else "fp32",
    }
    if flight.steps:  # an estimate until the data is counted with the base's own tokenizer
        values |= {
            "steps": f"≈ {flight.steps:,}",
            "warmup_steps": f"≈ {warmup_steps(flight.config, flight.steps):,}",
            "save_every": f"≈ {max(1, flight.steps // 10):,}",
            "evaluate_every": f"≈ {max(1, flight.steps // 5):,}",
        }
    return {name: f"{v:,}" if isinstance(v, int) else str(v) for name, v in values.items() if v is not None}


def _on_gpu(config: RunConfig) -> bool:
    return config.device == "cuda" or (config.device == "auto" and default_device() != "cpu")
