// A page that both a person who looks at the screen and the tools use: what each of them sees and does in it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "browser/browser.hpp"
#include "rfb_client_testing.hpp"

namespace agent::desktop {

inline constexpr std::uint32_t kPageColours = 100;

// "The page": a field that has the keyboard, and stripes of kPageColours colours.
inline std::string stripedPage() {
  std::string out = "<title>The page</title><body style='margin:0'><input id=field autofocus style='width:600px'>";
  for (std::uint32_t i = 0; i < kPageColours; ++i) {
    const auto part = std::to_string(i * 2);
    out += "<div style='height:6px;background:rgb(" + part + ",90," + part + ")'></div>";
  }
  return out;
}

// How many of the page's colours a viewer sees, once that are all of them; else after a hundred looks.
inline std::size_t pageColoursSeen(RfbClient& viewer) {
  std::size_t seen = 0;
  for (int i = 0; i < 100 && seen < kPageColours; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    viewer.ask();
    const auto colours = viewer.colours();
    seen = 0;
    for (std::uint32_t part = 0; part < 2 * kPageColours; part += 2) seen += colours.count(part << 16 | 90 << 8 | part);
  }
  return seen;
}

// What the tools read in the field, once a viewer has typed the word into it; it takes keys a moment after it is shown.
inline std::string typedInto(browser::Browser& browser, RfbClient& viewer, const std::string& word) {
  std::string out;
  for (int i = 0; i < 50 && out.find(word) == std::string::npos; ++i) {
    for (const char letter : word) {
      viewer.key(static_cast<std::uint32_t>(letter), true);
      viewer.key(static_cast<std::uint32_t>(letter), false);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    out = browser.execute("document.getElementById('field').value", {});
  }
  return out;
}

}  // namespace agent::desktop
