// Binds the version; everything else is bound where it is defined.
#include <emscripten/bind.h>

namespace {

std::string version() { return DERMDISTILL_VERSION; }

}  // namespace

EMSCRIPTEN_BINDINGS(dermdistill_version) { emscripten::function("version", &version); }
