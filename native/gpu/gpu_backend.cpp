#include "native/gpu/gpu_backend.h"

#include <dlfcn.h>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/nn/accelerator.h"

namespace dermdistill {
namespace {

constexpr const char* kLibrary = "libdermdistill_cuda.so";
constexpr const char* kEntry = "dermdistill_accelerator_1";

/// Lies beside the program. It stays loaded: what it made may live as long as the program.
const Accelerator& load_accelerator(std::string_view name, bool tf32) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / kLibrary;
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw FileError(path.string(), std::string("cannot be loaded (") + dlerror() + ")",
                    "the library that -DDERMDISTILL_CUDA=ON builds, or, for a new run, another --backend");
  }
  using Entry = const Accelerator* (*)(bool);
  const auto entry = reinterpret_cast<Entry>(dlsym(library, kEntry));
  if (entry == nullptr) {
    throw FileError(path.string(), "is of another version of dermdistill", "one built together with this program");
  }
  const Accelerator* const accelerator = entry(tf32);
  if (accelerator == nullptr) {
    throw InputError("backend " + std::string(name), "found no NVIDIA card that works",
                     "one with its driver, or, for a new run, another --backend");
  }
  return *accelerator;
}

class GpuBackend final : public Backend {
 public:
  GpuBackend(std::string_view name, bool tf32)
      : name_(name), accelerator_(load_accelerator(name, tf32)), processor_(backend_named("auto")) {}

  std::string_view name() const override { return name_; }
  const Accelerator* accelerator() const override { return &accelerator_; }
  std::unique_ptr<Convolution> convolution(const ConvShape& shape) const override {
    return accelerator_.convolution(shape);
  }
  std::unique_ptr<FusedConvolution> fused_convolution(const ConvShape& shape, std::span<const Scalar> weight,
                                                      std::span<const Scalar> bias, Activation activation,
                                                      bool with_residual) const override {
    return processor_.fused_convolution(shape, weight, bias, activation, with_residual);
  }
  void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
            std::span<const Scalar> a, std::span<const Scalar> b, Scalar beta, std::span<Scalar> c) const override {
    processor_.gemm(transpose_a, transpose_b, m, n, k, a, b, beta, c);
  }

 private:
  std::string_view name_;
  const Accelerator& accelerator_;
  const Backend& processor_;
};

}  // namespace

const Backend& training_backend_named(std::string_view name) {
  if (name == "cuda") {
    static const GpuBackend backend("cuda", false);
    return backend;
  }
  if (name == "cuda_tf32") {
    static const GpuBackend backend("cuda_tf32", true);
    return backend;
  }
  return backend_named(name);
}

}  // namespace dermdistill
