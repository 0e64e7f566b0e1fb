// The three ways in which labelled images lie in a folder. load_dataset() picks one.
#pragma once

#include <filesystem>
#include <optional>

#include "native/data/csv.h"
#include "native/data/dataset.h"

namespace dermdistill {

/// `truth` has a column a class, `metadata` may be absent. @throws InputError as load_dataset.
Dataset load_isic(const std::filesystem::path& folder, const CsvTable& truth, const std::optional<CsvTable>& metadata);

/// True when the table has an image column and one with the class's name or code.
bool is_ham_table(const CsvTable& table);
/// @throws InputError as load_dataset.
Dataset load_ham(const std::filesystem::path& folder, const CsvTable& table);

/// @throws InputError as load_dataset.
Dataset load_class_folders(const std::filesystem::path& folder);

}  // namespace dermdistill
