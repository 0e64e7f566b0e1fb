// The subcommands. Each add_*_command registers its options and, as callback, its work on the parsed command line.
#pragma once

#include <CLI/CLI.hpp>

namespace dermdistill {

void add_synth_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_teach_command(CLI::App& app);
void add_distill_command(CLI::App& app);
void add_evaluate_command(CLI::App& app);
void add_audit_command(CLI::App& app);
void add_export_command(CLI::App& app);
void add_predict_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_finetune_command(CLI::App& app);

}  // namespace dermdistill
