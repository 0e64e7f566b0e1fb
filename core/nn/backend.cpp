#include "core/nn/backend.h"

#include <string>

#include "core/base/error.h"
#include "core/nn/backends.h"

namespace dermdistill {

std::string ConvShape::describe() const {
  return "batch " + std::to_string(batch) + ", input " + std::to_string(in_height) + "x" + std::to_string(in_width) +
         "x" + std::to_string(in_channels) + ", output channels " + std::to_string(out_channels) + ", kernel " +
         std::to_string(kernel) + ", stride " + std::to_string(stride) + ", padding " + std::to_string(padding) +
         (depthwise ? ", depthwise" : "");
}

const Backend& backend_named(std::string_view name) {
#if defined(__wasm_simd128__)
  if (name == "auto" || name == "wasm_simd") return wasm_simd_backend();
  if (name.starts_with("onednn")) {
    throw InputError("backend " + std::string(name), "does not exist in WebAssembly", "wasm_simd, eigen or auto");
  }
#elif defined(DERMDISTILL_HAS_ONEDNN)
  if (name == "auto" || name == "onednn") return onednn_backend();
  if (name == "onednn_bf16") return onednn_bfloat16_backend();
#else
  if (name == "auto") return fused_backend();
  if (name.starts_with("onednn")) {
    throw InputError("backend " + std::string(name), "this program was built without oneDNN", "auto, fused or eigen");
  }
#endif
  if (name == "fused") return fused_backend();
  if (name == "eigen") return eigen_backend();
  throw InputError("backend " + std::string(name), "is unknown",
                   "auto, onednn, onednn_bf16, fused or eigen; or, where networks are trained, cuda or cuda_tf32");
}

}  // namespace dermdistill
