// What bubblewrap is told: the namespaces, mounts and environment of a box.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent::sandbox {

// Numbers under which bubblewrap finds what the server hands it. It passes descriptors on to the box; those it reads to
// their end it closes.
inline constexpr int kSocketFd = 3;
inline constexpr int kArgumentsFd = 10;
inline constexpr int kSeccompFd = 11;
inline constexpr int kPasswdFd = 12;
inline constexpr int kGroupFd = 13;
inline constexpr int kHostsFd = 14;
inline constexpr int kSudoFd = 15;

inline constexpr std::string_view kHome = "/home/ubuntu";
inline constexpr const char* kHelperInBox = "/run/helper";

struct BoxPlaces {
  std::string root;    // whose /usr and parts of /etc are seen; no slash at the end
  std::string helper;  // file of the helper
  std::string home;    // directories of the session
  std::string temporary;
  std::vector<std::string> hidden;  // files of /proc that tell about the host and exist
  std::string egress{};             // directory with the socket of the server's proxy; empty: the box has no way out
};

// Which of the files of /proc that a box shall not read exist here.
std::vector<std::string> hiddenFiles();

// The variables by which programs of a box find its way out, and the names for which they don't use it.
std::vector<std::pair<std::string, std::string>> proxyVariables();

// The arguments of bubblewrap, in its order, but for the command, which is kHelperInBox. Nothing in them comes from a user.
std::vector<std::string> boxArguments(const BoxPlaces& places);

// What the box reads in /etc and calls sudo.
std::string_view passwdText();
std::string_view groupText();
std::string_view hostsText();
std::string_view sudoText();

}  // namespace agent::sandbox
