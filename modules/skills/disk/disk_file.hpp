// Files by name within an open directory; symbolic links are never followed. What the disk refuses is a Problem: 507
// "storage_full" when it is full, else 500 "internal"; the note says what and why.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disk/descriptor.hpp"

namespace skills::disk {

[[noreturn]] void failed(std::string_view what, int error);

// Empty when there is no such directory.
std::optional<Descriptor> openDirectory(int parent, const std::string& name);
// Makes it when it is not there.
Descriptor ensureDirectory(int parent, const std::string& name);
// The folder that `path` ("a/b/c.txt") lies in and the name there; makes folders on the way.
Descriptor ensureFolderOf(int directory, std::string_view path, std::string& name);

// Throws std::runtime_error for what is no plain file, or larger than `most`. Empty when there is no such file.
std::optional<std::string> read(int directory, const std::string& name, std::size_t most);
// The same for a path of several segments.
std::optional<std::string> readPath(int directory, std::string_view path, std::size_t most);

// A new file, with its bytes on the disk when it returns.
void writeNew(int directory, const std::string& name, std::string_view bytes);
// Replaces the file, whole or not at all.
void replace(int directory, const std::string& name, std::string_view bytes);

void sync(int directory);
// Syncs `directory` and every folder below it; files are synced already.
void syncFolders(int directory);
// With everything in it. What is not there is removed already.
void removeTree(int parent, const std::string& name);
// Names in the directory but "." and "..", in no order.
std::vector<std::string> names(int directory);

}  // namespace skills::disk
