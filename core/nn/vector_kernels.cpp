#include "core/nn/vector_kernels.h"

#include "core/nn/block_kernels.h"
#include "core/nn/winograd_kernels.h"

namespace dermdistill {

const VectorKernels& portable_kernels();
const BlockKernels& portable_block_kernels();
const WinogradKernels& portable_winograd_kernels();
#ifdef DERMDISTILL_X86_KERNELS
const VectorKernels& avx2_kernels();
const VectorKernels& avx512_kernels();
const BlockKernels& avx2_block_kernels();
const BlockKernels& avx512_block_kernels();
const WinogradKernels& avx2_winograd_kernels();
const WinogradKernels& avx512_winograd_kernels();
#endif

#ifdef DERMDISTILL_X86_KERNELS
namespace {

enum class InstructionSet { Portable, Avx2, Avx512 };

InstructionSet detect() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return InstructionSet::Avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::Avx2;
  return InstructionSet::Portable;
}

InstructionSet instruction_set() {
  static const InstructionSet detected = detect();
  return detected;
}

}  // namespace
#endif

const VectorKernels& vector_kernels() {
#ifdef DERMDISTILL_X86_KERNELS
  if (instruction_set() == InstructionSet::Avx512) return avx512_kernels();
  if (instruction_set() == InstructionSet::Avx2) return avx2_kernels();
#endif
  return portable_kernels();
}

const BlockKernels& block_kernels() {
#ifdef DERMDISTILL_X86_KERNELS
  if (instruction_set() == InstructionSet::Avx512) return avx512_block_kernels();
  if (instruction_set() == InstructionSet::Avx2) return avx2_block_kernels();
#endif
  return portable_block_kernels();
}

const WinogradKernels& winograd_kernels() {
#ifdef DERMDISTILL_X86_KERNELS
  if (instruction_set() == InstructionSet::Avx512) return avx512_winograd_kernels();
  if (instruction_set() == InstructionSet::Avx2) return avx2_winograd_kernels();
#endif
  return portable_winograd_kernels();
}

}  // namespace dermdistill
