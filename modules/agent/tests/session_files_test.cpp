#include "conversations/session_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include <set>
#include <string>

#include "tests/boxes_testing.hpp"

namespace agent {
namespace {

using mortise::Transaction;
using testing::IsEmpty;
using testing::SizeIs;

// A host that serves log/1, which forgets, and files.store/1, which keeps ids.
class FileHost {
 public:
  FileHost() {
    files_.struct_size = sizeof files_;
    files_.context = this;
    files_.put_bytes = [](void* context, const mortise_new_file* wanted, mortise_str content,
                          mortise_stored_file_sink sink, void* into, mortise_error*) -> mortise_status {
      auto& self = *static_cast<FileHost*>(context);
      const auto id = "file" + std::to_string(++self.puts_);
      self.ids.insert(id);
      mortise_stored_file file{};
      file.struct_size = sizeof file;
      file.id = mortise::detail::str(id);
      file.owner_id = wanted->owner_id;
      file.filename = wanted->filename;
      file.size = content.size;
      sink(into, &file);
      return MORTISE_OK;
    };
    files_.remove = [](void* context, mortise_str id, mortise_error*) -> mortise_status {
      return static_cast<FileHost*>(context)->ids.erase(mortise::detail::copied(id)) > 0 ? MORTISE_OK
                                                                                         : MORTISE_NOT_FOUND;
    };
    files_.set_filepath = [](void* context, mortise_str, mortise_str, mortise_error*) -> mortise_status {
      return static_cast<FileHost*>(context)->takesPaths ? MORTISE_OK : MORTISE_UNAVAILABLE;
    };
    host_.struct_size = sizeof host_;
    host_.kernel = this;
    host_.lookup = [](mortise_host* host, mortise_str name) -> const void* {
      static const mortise_log_v1 kLog{sizeof(mortise_log_v1), &sandbox::SilentHost::write,
                                       &sandbox::SilentHost::enabled};
      const mortise::Text interface(name);
      if (interface == MORTISE_LOG_V1) return &kLog;
      return interface == MORTISE_FILES_STORE_V1 ? &static_cast<FileHost*>(host->kernel)->files_ : nullptr;
    };
  }
  FileHost(const FileHost&) = delete;
  FileHost& operator=(const FileHost&) = delete;

  mortise::Host host() { return mortise::Host(&host_); }

  std::set<std::string> ids;  // of the files that are there
  bool takesPaths = true;

 private:
  mortise_files_store_v1 files_{};
  mortise_host host_{};
  int puts_ = 0;
};

class FilesOfSessions : public mortise::testing::DatabaseTest {
 protected:
  FilesOfSessions() : DatabaseTest("agent", AGENT_SOURCE_DIR "/migrations") {
    Session session;
    session.id = "s";
    session.owner = "ada";
    db().transaction([&](Transaction& tx) { store_.add(tx, session, 1000); });
  }

  SessionStore store_{db()};
  FileHost host_;
  SessionFiles files_{host_.host(), store_};
};
MORTISE_ON_EVERY_DATABASE(FilesOfSessions);

TEST_P(FilesOfSessions, LeaveNoCopyBehindThatCanNotBeKept) {
  host_.takesPaths = false;
  EXPECT_FALSE(files_.keep("s", "ada", "/home/ubuntu/a.png", "bytes"));
  EXPECT_THAT(host_.ids, IsEmpty()) << "its path could not be written";
  EXPECT_THAT(store_.files("s"), IsEmpty());
  host_.takesPaths = true;
  EXPECT_FALSE(files_.keep("gone", "ada", "/home/ubuntu/a.png", "bytes"));
  EXPECT_THAT(host_.ids, IsEmpty()) << "the session went meanwhile";
  EXPECT_TRUE(files_.keep("s", "ada", "/home/ubuntu/a.png", "bytes"));
  EXPECT_THAT(host_.ids, SizeIs(1));
  EXPECT_THAT(store_.files("s"), SizeIs(1));
}

}  // namespace
}  // namespace agent
