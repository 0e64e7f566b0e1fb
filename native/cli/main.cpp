// dermdistill: the command line. Every failure is one line on stderr and a non-zero exit status.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "core/base/error.h"
#include "native/base/interrupt.h"
#include "native/cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{
      "DermDistill distils a small skin-lesion classifier from a large one on a laptop's CPU.\n"
      "Research and education software; not a medical device."};
  app.name("dermdistill");
  app.require_subcommand(argc > 1 ? 0 : 1, 1);  // with an argument, the parser names the one it does not know
  app.set_version_flag("--version", "dermdistill 0.1.0");
  dermdistill::add_synth_command(app);
  dermdistill::add_inspect_command(app);
  dermdistill::add_evaluate_command(app);
  dermdistill::add_audit_command(app);
  dermdistill::add_export_command(app);
  dermdistill::add_predict_command(app);
  dermdistill::add_teach_command(app);
  dermdistill::add_distill_command(app);
  dermdistill::add_finetune_command(app);
  dermdistill::add_bench_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const dermdistill::Interrupted& stop) {
    std::fprintf(stderr, "dermdistill: %s\n", stop.what());
    return 130;
  } catch (const dermdistill::Error& error) {
    std::fprintf(stderr, "dermdistill: error: %s\n", error.what());
    return 1;
  } catch (const std::filesystem::filesystem_error& error) {
    const std::string path = error.path1().empty() ? std::string("a file") : error.path1().string();
    std::fprintf(stderr, "dermdistill: error: %s: cannot be used (%s); expected a path that can be read\n",
                 path.c_str(), error.code().message().c_str());
    return 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr,
                 "dermdistill: error: memory: is not enough for this; expected a smaller --batch or --size, or more of "
                 "it free\n");
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dermdistill: internal error: %s\n", error.what());
    return 3;
  }
  return 0;
}
