"""lit set-up: which files are tests, and what a RUN line may call.

Tools: wick, wick-opt, wick-run, wick-tblgen, FileCheck, not, count.
Substitutions beside lit's own (%s, %t, %T):
  %python     the tests' Python with onnx and numpy   (needs: REQUIRES: onnx)
  %onnx_text  turns a model in ONNX text syntax into .onnx: %onnx_text %s -o %t.onnx
  %src_root   the repository, %obj_root the build tree
Features: onnx (the Python environment of tools/dev/setup exists),
  avx512 and avx512_bf16 (this CPU can run those code slices).
"""
import os
from pathlib import Path

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "wick"
if os.path.basename(config.test_exec_root) == "generated":
    config.name = "wick-generated"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test", ".onnxtxt", ".td"]
config.excludes = ["unit", "models", "conformance", "install", "fuzz", "Inputs", "CMakeLists.txt"]

cache = Path(os.environ.get("WICK_CACHE", Path.home() / ".cache" / "wick"))
python = cache / "venv" / "bin" / "python"
if python.exists():
    config.available_features.add("onnx")

flags = next((line.split() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("flags")), []) if Path("/proc/cpuinfo").exists() else []
if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= set(flags):
    config.available_features.add("avx512")
if {"avx512_bf16", "avx512_vnni"} <= set(flags):
    config.available_features.add("avx512_bf16")

config.substitutions += [
    ("%onnx_text", f"{python} {config.wick_src_root}/test/frontend/onnx_text.py"),
    ("%python", str(python)),
    ("%src_root", config.wick_src_root),
    ("%obj_root", config.wick_obj_root),
]
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(
    [ToolSubst(tool, unresolved="ignore") for tool in ("wick-opt", "wick-run", "wick-tblgen", "wick")],
    [os.path.join(config.wick_obj_root, "bin"), config.llvm_tools_dir])
# Results must not depend on the caller's choices.
for name in ("WICK_ISA", "WICK_PERF_MAP", "WICK_THREADS"):
    config.environment.pop(name, None)
