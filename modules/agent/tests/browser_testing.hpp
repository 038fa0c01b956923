// A real Chromium for tests, started directly (the boxes have their own way), the site that it visits, and pixels.
#pragma once

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <fcntl.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "browser/browser.hpp"
#include "tests/peers/process.hpp"

namespace agent::browser {

inline const char* chromiumProgram() { return "/usr/lib/chromium/chromium"; }

// Why there can be no browser here; empty when there can.
inline std::string lackingChromium() { return access(chromiumProgram(), X_OK) == 0 ? "" : "chromium is not installed"; }

// tests/browser_site.py on a free port.
class Site {
 public:
  Site() : directory_("browser-site") {
    const auto log = directory_.path() + "/port";
    server_ = std::make_unique<mortise::peers::Process>(mortise::peers::Launch{
        {"/usr/bin/python3", std::filesystem::absolute(AGENT_SOURCE_DIR "/tests/browser_site.py").string()},
        directory_.path(),
        false,
        log});
    std::string port;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (port.find('\n') == std::string::npos && std::chrono::steady_clock::now() < deadline && server_->running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::ostringstream text;
      text << std::ifstream(log).rdbuf();
      port = text.str();
    }
    url_ = "http://127.0.0.1:" + port.substr(0, port.find('\n'));
  }
  std::string at(const std::string& path) const { return url_ + path; }

 private:
  mortise::peers::TempDirectory directory_;
  std::unique_ptr<mortise::peers::Process> server_;
  std::string url_;
};

// Starts browsers with a home of their own, and ends them.
class DirectStarter {
 public:
  explicit DirectStarter(std::string home) : home_(std::move(home)) {}

  Started operator()(const StartOrder& order) {
    std::error_code ignored;
    for (const auto* lock : {"SingletonLock", "SingletonSocket", "SingletonCookie"})
      std::filesystem::remove(home_ + "/.chrome/" + lock, ignored);
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (pipe2(down.data(), O_CLOEXEC) != 0 || pipe2(up.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const pid_t pid = fork();
    if (pid == 0) {
      setsid();
      setenv("HOME", home_.c_str(), 1);
      const int null = open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
      const int in = fcntl(down[0], F_DUPFD, 10);
      const int out = fcntl(up[1], F_DUPFD, 10);
      dup2(in, 3);
      dup2(out, 4);
      close_range(5, ~0U, 0);
      std::vector<char*> words;
      for (const auto& word : order.arguments) {
        words.push_back(const_cast<char*>(word.c_str()));
        if (words.size() > 1) continue;
        for (const auto& further : more) words.push_back(const_cast<char*>(further.c_str()));
      }
      words.push_back(nullptr);
      execv(words[0], words.data());
      _exit(127);
    }
    close(down[0]);
    close(up[1]);
    lastPid = pid;
    ++starts;
    lastDisplay = order.display;
    return {sandbox::Fd(up[0]), sandbox::Fd(down[1]), [pid] {
              kill(-pid, SIGKILL);
              waitpid(pid, nullptr, 0);
            }};
  }

  std::vector<std::string> more;  // arguments
  pid_t lastPid = 0;
  int starts = 0;
  std::string lastDisplay;

 private:
  std::string home_;
};

inline std::string fromBase64(const std::string& text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}

struct Image {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::array<std::uint8_t, 3>> pixels;  // row by row
  std::size_t count(std::array<std::uint8_t, 3> colour) const {
    return static_cast<std::size_t>(std::count(pixels.begin(), pixels.end(), colour));
  }
};

// A PNG with eight bits a sample, not interlaced, RGB or RGBA: what browsers make.
inline Image pngImage(const std::string& bytes) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes.at(at + i));
    return value;
  };
  Image image;
  std::size_t samples = 0;
  std::string packed;
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const auto size = number(at);
    const auto kind = bytes.substr(at + 4, 4);
    if (kind == "IHDR") {
      image.width = number(at + 8);
      image.height = number(at + 12);
      samples = bytes.at(at + 17) == 6 ? 4 : 3;
      EXPECT_EQ(bytes.at(at + 16), 8);
      EXPECT_TRUE(bytes.at(at + 17) == 6 || bytes.at(at + 17) == 2);
    }
    if (kind == "IDAT") packed += bytes.substr(at + 8, size);
    at += 12 + size;
  }
  const auto row = image.width * samples;
  std::vector<std::uint8_t> raw((row + 1) * image.height);
  auto size = static_cast<uLongf>(raw.size());
  EXPECT_EQ(uncompress(raw.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), packed.size()), Z_OK);
  std::vector<std::uint8_t> before(row, 0);
  for (std::size_t y = 0; y < image.height; ++y) {
    const auto filter = raw[y * (row + 1)];
    std::vector<std::uint8_t> now(raw.begin() + static_cast<std::ptrdiff_t>(y * (row + 1) + 1),
                                  raw.begin() + static_cast<std::ptrdiff_t>((y + 1) * (row + 1)));
    for (std::size_t x = 0; x < row; ++x) {
      const int left = x >= samples ? now[x - samples] : 0;
      const int up = before[x];
      const int corner = x >= samples ? before[x - samples] : 0;
      int add = 0;
      if (filter == 1) add = left;
      if (filter == 2) add = up;
      if (filter == 3) add = (left + up) / 2;
      if (filter == 4) {
        const int guess = left + up - corner;
        const int a = std::abs(guess - left);
        const int b = std::abs(guess - up);
        const int c = std::abs(guess - corner);
        add = a <= b && a <= c ? left : b <= c ? up : corner;
      }
      now[x] = static_cast<std::uint8_t>(now[x] + add);
    }
    for (std::size_t x = 0; x < row; x += samples) image.pixels.push_back({now[x], now[x + 1], now[x + 2]});
    before = std::move(now);
  }
  return image;
}

// The number of the element whose text has `part` in it; -1: none.
inline std::int64_t indexOf(const View& view, const std::string& part) {
  for (std::size_t at = 0; at < view.elements.size(); ++at) {
    if (view.elements[at].find(part) != std::string::npos) return static_cast<std::int64_t>(at);
  }
  return -1;
}

}  // namespace agent::browser
