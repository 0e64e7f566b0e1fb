#include "native/gpu/gpu_backend.h"

#include <dlfcn.h>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/nn/accelerated_backend.h"

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

AcceleratedBackend load_backend(std::string_view name, bool tf32) {
  return {name, load_accelerator(name, tf32), backend_named("auto")};
}

}  // namespace

const Backend& training_backend_named(std::string_view name) {
  if (name == "cuda") {
    static const AcceleratedBackend backend = load_backend("cuda", false);
    return backend;
  }
  if (name == "cuda_tf32") {
    static const AcceleratedBackend backend = load_backend("cuda_tf32", true);
    return backend;
  }
  return backend_named(name);
}

}  // namespace dermdistill
