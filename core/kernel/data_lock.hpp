// Allows one server per data directory: SQLite's writer, the spool and the outbox belong to one process.
#pragma once

#include <string>

namespace mortise::kernel {

class DataLock {
 public:
  // Throws StartError when another process holds it or the directory can't be written.
  explicit DataLock(const std::string& directory);
  ~DataLock();
  // Whether a server holds it; takes and makes nothing.
  static bool isHeld(const std::string& directory);
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace mortise::kernel
