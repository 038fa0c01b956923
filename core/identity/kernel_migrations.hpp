// Every table of the kernel, numbered in one place (owner "kernel").
#pragma once

#include <vector>

#include "core/db/migrations.hpp"

namespace mortise::identity {

std::vector<db::Migration> kernelMigrations();

}  // namespace mortise::identity
