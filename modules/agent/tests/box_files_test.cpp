// Files in real boxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "boxes_testing.hpp"

namespace agent::sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AFile : public WithBoxes {
 protected:
  void write(const std::string& path, const std::string& text, bool append = false) const {
    EXPECT_EQ(box->write({.path = path, .text = text, .append = append}), text.size());
  }
  std::string read(const std::string& path) const { return box->read({.path = path}).text; }
  std::string refused(const std::string& path) const {
    return refusalOf([&] { read(path); });
  }
};

TEST_F(AFile, IsWrittenAndRead) {
  write("/home/ubuntu/a/b/c.txt", "hello\n");
  EXPECT_EQ(read("a/b/c.txt"), "hello\n");
  EXPECT_EQ(read("~/a/b/c.txt"), "hello\n");
  EXPECT_EQ(box->read({.path = "a/b/c.txt"}).path, "/home/ubuntu/a/b/c.txt");
  write("a/b/c.txt", "world\n", true);
  EXPECT_EQ(read("a/b/c.txt"), "hello\nworld\n");
  write("a/b/c.txt", "x");
  EXPECT_EQ(read("a/b/c.txt"), "x");
  EXPECT_EQ(run("stat -c '%a %U' a/b/c.txt"), "644 ubuntu\n");
  write("empty", "");
  EXPECT_EQ(read("empty"), "");
  write("/tmp/x", "in tmp");
  EXPECT_EQ(run("cat /tmp/x"), "in tmp");
}

TEST_F(AFile, IsReadByLinesAndCut) {
  write("lines", "zero\none\ntwo\nthree");
  EXPECT_EQ(box->read({.path = "lines", .startLine = 1, .endLine = 3}).text, "one\ntwo\n");
  EXPECT_EQ(box->read({.path = "lines", .startLine = 3}).text, "three");
  EXPECT_EQ(box->read({.path = "lines", .startLine = 9}).text, "");
  EXPECT_EQ(box->read({.path = "lines", .endLine = 0}).text, "");
  EXPECT_EQ(box->read({.path = "lines", .startLine = -5, .endLine = 1}).text, "zero\n");
  EXPECT_FALSE(box->read({.path = "lines", .most = 18}).cut);
  const auto cut = box->read({.path = "lines", .most = 6});
  EXPECT_EQ(cut.text, "zero\no");
  EXPECT_TRUE(cut.cut);
  write("wide", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
  EXPECT_EQ(box->read({.path = "wide", .most = 2}).text, "\xe6\x97\xa5\xe6\x9c\xac");
  run("yes 0123456789 | head -c 20000000 > big");
  const auto big = box->read({.path = "big", .most = 0});
  EXPECT_TRUE(big.cut);
  EXPECT_EQ(big.text.size(), kMaxText);
  EXPECT_EQ(box->read({.path = "big", .startLine = 1800000, .endLine = 1800001}).text, "0123456789\n");
}

TEST_F(AFile, IsRefusedWhenItIsNone) {
  run("mkdir d; mkfifo fifo; printf 'a\\0b' > binary; printf '\\377\\376' > latin; ln -s /proc/self/environ magic; "
      "ln -s /proc/1/root/etc/passwd root; ln -s /etc/passwd link; ln -s loop loop; ln -s "
      "../../../../../../etc/hostname up; "
      "touch closed; chmod 0 closed");
  EXPECT_EQ(refused("nothing"), "404 file_missing");
  EXPECT_EQ(refused("link/x"), "404 file_missing");
  EXPECT_EQ(refused("d"), "422 file_unreadable");
  EXPECT_EQ(refused("fifo"), "422 file_unreadable");
  EXPECT_EQ(refused("/dev/zero"), "422 file_unreadable");
  EXPECT_EQ(refused("/dev/tty"), "422 file_unreadable");
  EXPECT_EQ(refused("binary"), "422 file_unreadable");
  EXPECT_EQ(refused("latin"), "422 file_unreadable");
  EXPECT_EQ(refused("closed"), "403 file_denied");
  EXPECT_EQ(refused("loop"), "403 file_denied");
  EXPECT_EQ(refused("magic"), "403 file_denied");
  EXPECT_EQ(refused("root"), "403 file_denied");
  EXPECT_EQ(refused("/proc/1/environ"), "403 file_denied");
  EXPECT_EQ(refused("/proc/self/fd/0"), "403 file_denied");
  EXPECT_EQ(refused("up"), "404 file_missing") << "above the box there is nothing";
  EXPECT_EQ(refused("/etc/shadow"), "404 file_missing");
  EXPECT_EQ(read("link"), run("cat /etc/passwd")) << "the box's own";
  EXPECT_EQ(refused(std::string("a\0b", 3)), "422 sandbox_argument");
  EXPECT_EQ(refused(std::string(5000, 'a')), "422 sandbox_argument");
  const auto writing = [&](const std::string& path) {
    return refusalOf([&] { box->write({.path = path, .text = "x"}); });
  };
  EXPECT_EQ(writing("/usr/bin/bash"), "403 file_denied");
  EXPECT_EQ(writing("/etc/passwd"), "403 file_denied");
  EXPECT_EQ(writing("fifo"), "422 file_unreadable");
  EXPECT_EQ(writing("d"), "422 file_unreadable");
  EXPECT_EQ(writing("/proc/sys/kernel/core_pattern"), "403 file_denied");
}

TEST_F(AFile, HasTextReplaced) {
  write("x", "one two one");
  EXPECT_EQ(box->replace("x", "one", "1"), 2);
  EXPECT_EQ(read("x"), "1 two 1");
  EXPECT_EQ(box->replace("x", "three", "3"), 0);
  EXPECT_EQ(refusalOf([&] { box->replace("x", "", "3"); }), "422 sandbox_argument");
  EXPECT_EQ(refusalOf([&] { box->replace("nothing", "a", "b"); }), "404 file_missing");
}

TEST_F(AFile, IsSearched) {
  write("x", "alpha\nbeta\r\ngamma\nalphabet");
  const auto found = box->search("x", "alpha|^be..$");
  EXPECT_THAT(found.lines, ElementsAre("alpha", "beta", "alphabet"));
  EXPECT_THAT(found.numbers, ElementsAre(0, 1, 3));
  EXPECT_FALSE(found.cut);
  EXPECT_THAT(box->search("x", "delta").lines, IsEmpty());
  EXPECT_EQ(refusalOf([&] { box->search("x", "("); }), "422 sandbox_argument");
  EXPECT_EQ(refusalOf([&] { box->search("x", "(?<=a)b"); }), "422 sandbox_argument");
  EXPECT_EQ(refusalOf([&] { box->search("x", std::string(5000, 'a')); }), "422 sandbox_argument");
}

TEST_F(AFile, IsSearchedInBoundedTimeAndRoom) {
  run("head -c 4000000 /dev/zero | tr '\\0' a > long; yes match | head -5000 > many");
  const auto begin = Clock::now();
  EXPECT_THAT(box->search("long", "(a*)*b").lines, IsEmpty());
  EXPECT_THAT(box->search("long", "(a?){200}a{200}b").lines, IsEmpty());
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20));
  const auto many = box->search("many", "m");
  EXPECT_EQ(many.lines.size(), 1000U);
  EXPECT_TRUE(many.cut);
}

TEST_F(AFile, IsFound) {
  run("mkdir -p a/b .hidden; touch a/x.py a/b/y.py z.py .hidden/h.py; ln -s / out");
  EXPECT_THAT(box->find("~", "**/*.py"),
              ElementsAre("/home/ubuntu/a/b/y.py", "/home/ubuntu/a/x.py", "/home/ubuntu/z.py"));
  EXPECT_THAT(box->find("/home/ubuntu/a", "*"), ElementsAre("/home/ubuntu/a/b", "/home/ubuntu/a/x.py"));
  EXPECT_THAT(box->find("~", "out/usr/*"), IsEmpty()) << "links are not followed";
  EXPECT_THAT(box->find("/", "etc/pass*"), ElementsAre("/etc/passwd"));
  EXPECT_THAT(box->find("/", "proc/self/*"), IsEmpty());
  EXPECT_EQ(refusalOf([&] { box->find("nothing", "*"); }), "404 file_missing");
  EXPECT_EQ(refusalOf([&] { box->find("z.py", "*"); }), "404 file_missing");
  EXPECT_EQ(refusalOf([&] { box->find("~", ""); }), "422 sandbox_argument");
  run("mkdir many; cd many; seq 1 12000 | xargs touch");
  EXPECT_EQ(box->find("many", "*").size(), 10000U) << "no more than that";
}

TEST_F(AFile, IsLookedForAndRemoved) {
  write("x", "1");
  EXPECT_TRUE(box->exists("x"));
  EXPECT_TRUE(box->exists("~"));
  EXPECT_FALSE(box->exists("y"));
  EXPECT_FALSE(box->exists("x/y"));
  box->remove("x");
  EXPECT_FALSE(box->exists("x"));
  EXPECT_EQ(refusalOf([&] { box->remove("x"); }), "404 file_missing");
  run("mkdir d");
  EXPECT_EQ(refusalOf([&] { box->remove("d"); }), "422 file_unreadable");
  EXPECT_EQ(refusalOf([&] { box->remove("/usr/bin/bash"); }), "403 file_denied");
}

TEST_F(AFile, GoesInAndOutInPieces) {
  std::string sent;
  for (int i = 0; i < 3000000; ++i) sent.push_back(static_cast<char>(i * 7 + i / 251));
  std::size_t at = 0;
  box->upload("upload/data.bin", [&] {
    const auto piece = sent.substr(at, 700000);
    at += piece.size();
    return piece;
  });
  std::string got;
  box->download("upload/data.bin", [&](std::string_view piece) {
    got += piece;
    return true;
  });
  EXPECT_TRUE(got == sent);
  std::size_t some = 0;
  box->download("upload/data.bin", [&](std::string_view piece) {
    some += piece.size();
    return false;
  });
  EXPECT_LT(some, sent.size());
  struct Broken {};
  EXPECT_THROW(box->download("upload/data.bin", [](std::string_view) -> bool { throw Broken(); }), Broken);
  EXPECT_THROW(box->upload("upload/broken", []() -> std::string { throw Broken(); }), Broken);
  EXPECT_EQ(run("echo alive"), "alive\n");
}

TEST_F(AFile, IsServedWhileACommandForksWithoutEnd) {
  box->execute("main", "~", "f() { f | f & }; f; sleep 60", [] { return true; });
  std::this_thread::sleep_for(std::chrono::seconds(1));
  write("x", "still");
  EXPECT_EQ(read("x"), "still");
  box->kill("main");
}

// Counts how often it was asked, and stops from the `after`th time on.
Stopped afterAsking(int after) {
  return [asked = std::make_shared<int>(0), after] { return ++*asked > after; };
}

TEST_F(AFile, IsLeftWhenNobodyWaitsForItAnyMore) {
  run("head -c 100000000 /dev/zero | tr '\\0' 'x' > long; for i in $(seq 40); do mkdir -p many/$i; touch "
      "many/$i/{1..50}; done");
  std::uint64_t got = 0;
  EXPECT_EQ(refusalOf([&] {
              box->download(
                  "long", [&](std::string_view piece) { return (got += piece.size()) > 0; }, afterAsking(3));
            }),
            "503 sandbox_unavailable");
  EXPECT_LT(got, 100000000U);
  EXPECT_EQ(refusalOf([&] { box->read({.path = "long"}, afterAsking(0)); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->search("long", "y", afterAsking(0)); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->replace("long", "y", "z", afterAsking(0)); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->find("many", "**", afterAsking(0)); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->write({.path = "new", .text = std::string(5000000, 'x')}, afterAsking(2)); }),
            "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] {
              box->upload(
                  "new", [] { return std::string(100000, 'x'); }, afterAsking(5));
            }),
            "503 sandbox_unavailable");
  EXPECT_EQ(run("echo alive"), "alive\n") << "the box is as good as before";
  EXPECT_EQ(box->read({.path = "many/1/1"}).text, "");
}

TEST_F(AFile, IsLeftAtOnceWhenTheHelperDoesNotAnswer) {
  write("x", "x");
  const auto outer = std::to_string(driver().process(session)->pid());
  const auto helper = std::stoi(readFile("/proc/" + outer + "/task/" + outer + "/children"));
  ASSERT_EQ(kill(helper, SIGSTOP), 0);
  const auto begin = Clock::now();
  const Stopped soon = [&] { return Clock::now() - begin > std::chrono::milliseconds(300); };
  EXPECT_EQ(refusalOf([&] { box->read({.path = "x"}, soon); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->write({.path = "y", .text = "y"}, soon); }), "503 sandbox_unavailable");
  EXPECT_EQ(refusalOf([&] { box->exists("x", soon); }), "503 sandbox_unavailable");
  // Without anybody who stops it, it would wait for twenty seconds.
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
  kill(helper, SIGCONT);
  EXPECT_EQ(read("x"), "x");
}

}  // namespace
}  // namespace agent::sandbox
