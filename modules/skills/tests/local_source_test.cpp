#include "sources/local_source.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "refusals_testing.hpp"
#include "tests/peers/packed_archive.hpp"
#include "tests/peers/process.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;
using mortise::peers::packed;

const Cancellation kNever(nullptr);

class LocalSkills : public testing::Test {
 protected:
  LocalSkills() { write("skill/SKILL.md", "# A skill"); }

  void write(const std::string& path, const std::string& bytes) const {
    fs::create_directories(fs::path(at(path)).parent_path());
    std::ofstream(at(path), std::ios::binary) << bytes;
  }
  std::string at(const std::string& path) const { return directory_.path() + "/" + path; }

  std::vector<std::string> pathsOf(const std::string& ref, std::vector<std::string> roots = {}) const {
    const LocalSource source(roots);
    std::vector<std::string> all;
    const auto bundle = source.read(source.normalisedRef(ref), kNever);
    for (const auto& file : bundle.files()) all.push_back(file.path);
    return all;
  }
  Refusal refused(const std::string& ref, std::vector<std::string> roots = {}) const {
    return refusalOf([&] { return pathsOf(ref, roots); });
  }

  mortise::peers::TempDirectory directory_{"skills"};
};

TEST_F(LocalSkills, AreReadWithAllTheirFolders) {
  write("skill/a/b/c.md", "c");
  write("skill/scripts/run.sh", "x");
  write("skill/.git/HEAD", "x");
  write("skill/.DS_Store", "x");
  fs::create_directories(at("skill/empty"));
  EXPECT_THAT(pathsOf(at("skill")), testing::ElementsAre("SKILL.md", "a/b/c.md", "scripts/run.sh"));
  EXPECT_THAT(pathsOf("local:" + at("skill/")), testing::SizeIs(3));
}

TEST_F(LocalSkills, HaveOneNormalForm) {
  const LocalSource anywhere({});
  fs::create_symlink(at("skill"), at("link"));
  for (const auto& ref :
       {at("skill"), "local:" + at("skill"), at("skill/"), at("./none/../skill"), at("/skill/."), at("link")}) {
    EXPECT_EQ(anywhere.normalisedRef(ref), "local:" + at("skill")) << ref;
  }
  EXPECT_EQ(anywhere.normalisedRef("/not/there/"), "local:/not/there");
  for (const auto* ref : {"", "skill", "./skill", "local:skill", "local:", "file:///tmp", "~/skill"}) {
    EXPECT_EQ(refusalOf([&] { return anywhere.normalisedRef(ref); }).code, "skill_local_relative") << ref;
  }
  EXPECT_EQ(refusalOf([&] { return anywhere.normalisedRef("/" + std::string(5000, 'x')); }).code,
            "skill_local_missing");
}

TEST_F(LocalSkills, ComeOnlyFromTheRootsWhereThereAreSome) {
  fs::create_directories(at("root"));
  fs::create_directories(at("root-2"));
  fs::create_symlink(at("root"), at("way"));
  write("root/skill/SKILL.md", "x");
  write("root-2/skill/SKILL.md", "x");
  EXPECT_THAT(pathsOf(at("root/skill"), {at("root")}), testing::SizeIs(1));
  EXPECT_THAT(pathsOf(at("way/skill"), {at("root")}), testing::SizeIs(1)) << "a link to below the root leads below it";
  EXPECT_THAT(pathsOf(at("root/skill"), {at("none"), at("way")}), testing::SizeIs(1));
  EXPECT_EQ(refused(at("skill"), {at("root")}).code, "skill_local_outside_roots");
  EXPECT_EQ(refused(at("root-2/skill"), {at("root")}).code, "skill_local_outside_roots");
  EXPECT_EQ(refused(at("root/../skill"), {at("root")}).code, "skill_local_outside_roots");
  fs::create_symlink(at("skill"), at("root/out"));
  EXPECT_EQ(refused(at("root/out"), {at("root")}).code, "skill_local_outside_roots");
}

TEST_F(LocalSkills, AreRefusedWithLinksWhereverTheyLead) {
  for (const auto* target : {"/etc/passwd", "SKILL.md", "../outside", "nowhere"}) {
    fs::remove(at("skill/link"));
    fs::create_symlink(target, at("skill/link"));
    EXPECT_EQ(refused(at("skill")).code, "skill_link_refused") << target;
    EXPECT_EQ(refused(at("skill")).params.at("path"), "link");
  }
  fs::remove(at("skill/link"));
  fs::create_directory_symlink("/etc", at("skill/etc"));
  EXPECT_EQ(refused(at("skill")).code, "skill_link_refused");
}

TEST_F(LocalSkills, DoNotFollowALinkThatAppearsAfterTheCheck) {
  const LocalSource source({at("skill")});
  const auto ref = source.normalisedRef(at("skill"));
  fs::rename(at("skill"), at("moved"));
  fs::create_directory_symlink(at("moved"), at("skill"));
  EXPECT_EQ(refusalOf([&] { return source.read(ref, kNever); }).code, "skill_link_refused");
}

TEST_F(LocalSkills, DoNotOpenDevicesPipesAndSockets) {
  ASSERT_EQ(::mkfifo(at("skill/pipe").c_str(), 0644), 0);
  EXPECT_EQ(refused(at("skill")).code, "skill_special_file_refused");  // and does not wait for a writer
  EXPECT_EQ(refused(at("skill/pipe")).code, "skill_special_file_refused");
  fs::remove(at("skill/pipe"));

  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, at("skill/socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refused(at("skill")).code, "skill_special_file_refused");
  ::close(socket);
  fs::remove(at("skill/socket"));

  EXPECT_EQ(refused("/dev/null").code, "skill_special_file_refused");
}

TEST_F(LocalSkills, KeepTheirLimits) {
  write("skill/large", std::string(kMaxFileBytes + 1, 'x'));
  EXPECT_EQ(refused(at("skill")).code, "skill_file_too_large");
  fs::resize_file(at("skill/large"), std::uint64_t{1} << 40);  // sparse: a terabyte of nothing
  EXPECT_EQ(refused(at("skill")).code, "skill_file_too_large");
  fs::remove(at("skill/large"));
  for (int i = 0; i < 200; ++i) write("skill/f" + std::to_string(i), "");
  EXPECT_EQ(refused(at("skill")).code, "skill_too_many_files");
  for (int i = 0; i < 200; ++i) fs::remove(at("skill/f" + std::to_string(i)));
  std::string deep = "skill";
  for (int i = 0; i < 33; ++i) deep += "/d";
  write(deep + "/x", "x");
  EXPECT_EQ(refused(at("skill")).code, "skill_too_deep");
}

TEST_F(LocalSkills, SayWhatIsMissing) {
  EXPECT_EQ(refused(at("none")).code, "skill_local_missing");
  EXPECT_EQ(refused(at("skill/SKILL.md")).code, "skill_local_not_folder");
  EXPECT_EQ(refused(at("skill/SKILL.md/x")).code, "skill_local_unreadable");
  fs::create_directories(at("empty"));
  EXPECT_EQ(refused(at("empty")).code, "skill_main_missing");
  if (::geteuid() != 0) {
    fs::permissions(at("skill/SKILL.md"), fs::perms::none);
    const auto answer = refused(at("skill"));
    EXPECT_EQ(answer.code, "skill_local_unreadable");
    EXPECT_EQ(answer.params.at("path"), "SKILL.md");
  }
}

TEST_F(LocalSkills, AreRefusedWhileTheyAreWritten) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    const int file = ::open(at("skill/notes.md").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    const std::string line(100, 'x');
    for (int i = 0; !done; ++i) {
      if (::pwrite(file, line.data(), line.size(), (i % 2000) * 100) < 0) break;
      if (i % 2000 == 0 && ::ftruncate(file, 0) != 0) break;
    }
    ::close(file);
  });
  // Each reading gives the file as it was at one moment, or says that it changed.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  bool changed = false;
  while (!changed && std::chrono::steady_clock::now() < deadline) {
    const auto answer = refused(at("skill"));
    changed = answer.code == "skill_file_changed";
    if (!changed) {
      EXPECT_EQ(answer.code, "nothing was refused");
    }
  }
  done = true;
  writer.join();
  EXPECT_TRUE(changed);
  EXPECT_THAT(pathsOf(at("skill")), testing::ElementsAre("SKILL.md", "notes.md"));
}

TEST_F(LocalSkills, MayBeArchives) {
  for (const auto* name : {"a.zip", "b.SKILL", "c.tar", "d.tar.gz", "e.tgz"}) {
    const std::string suffix = fs::path(name).extension();
    const std::string gzip = suffix == ".gz" || suffix == ".tgz" ? "tar.gz" : "tar";
    const std::string format = suffix == ".zip" || suffix == ".SKILL" ? "zip" : gzip;
    write(name, packed(format, {{"pdf/SKILL.md", "x"}, {"pdf/a.md", "x"}}));
    EXPECT_THAT(pathsOf(at(name)), testing::ElementsAre("SKILL.md", "a.md")) << name;
  }
  write("large.zip", std::string((16 << 20) + 1, 'x'));
  EXPECT_EQ(refused(at("large.zip")).code, "skill_archive_too_large");
  write("other.rar", "x");
  EXPECT_EQ(refused(at("other.rar")).code, "skill_local_not_folder");
  fs::create_symlink(at("a.zip"), at("link.zip"));
  EXPECT_THAT(pathsOf(at("link.zip")), testing::SizeIs(2)) << "the path itself is resolved, as for directories";
}

}  // namespace
}  // namespace skills
