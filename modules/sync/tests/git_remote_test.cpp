#include <gtest/gtest.h>
#include <mortise/git_remote.hpp>

namespace session_sharing {
namespace {

struct Row {
  const char* remote;
  const char* expected;  // empty: none
};

TEST(GitRemote, HasOneFormForOneRepository) {
  for (const auto& row : {
           Row{"git@github.com:Acme/App.git", "acme/app"},
           Row{"https://github.com/Acme/App", "acme/app"},
           Row{"https://github.com/Acme/App.git/", "acme/app"},
           Row{" https://github.com/acme/app \n", "acme/app"},
           Row{"http://user:secret@host:80/a/b.GIT", "a/b"},
           Row{"HTTPS://HOST/A/B", "a/b"},
           Row{"ssh://git@host:22/a/b", "a/b"},
           Row{"ssh://bob@host/a/b", "a/b"},
           Row{"git://host/a/b.git", "a/b"},
           Row{"git+ssh://git@host/a/b", "a/b"},
           Row{"ssh+git://git@host/a/b", "a/b"},
           Row{"bob@host:a/b", "a/b"},
           Row{"host:a/b", "a/b"},
           Row{"git@host:/a/b", "/a/b"},
           Row{"git@host:~/a", "~/a"},
           Row{"ssh://git@host/~/a", "~/a"},
           Row{"https://bob@host/~bob/a", "~bob/a"},
           Row{"git@host:a/b.git//", "a/b"},
           Row{"https://host/a/b.git.git", "a/b.git"},
           Row{"https://host/a//b", "a//b"},
           Row{"acme/app", "acme/app"},
           Row{"Acme/App.git", "acme/app"},
       })
    EXPECT_EQ(mortise::normalisedRemote(row.remote).value_or(""), row.expected) << row.remote;
}

TEST(GitRemote, StaysWholeWhereItsPathMeansOneMachineOrAccount) {
  for (const auto& row : {
           Row{"bob@host:/a/b", "bob@host:/a/b"},
           Row{"bob@host:~/a/b", "bob@host:~/a/b"},
           Row{"host:/a/b", "host:/a/b"},
           Row{"host:~/a", "host:~/a"},
           Row{"ssh://bob@host/~/A", "ssh://bob@host/~/a"},
           Row{"ssh://host/~bob/a", "ssh://host/~bob/a"},
           Row{"git://bob@host/~x", "git://bob@host/~x"},
           Row{"C:/x/y", "c:/x/y"},
           Row{"c:\\x", "c:\\x"},
           Row{"/home/A/B.git", "/home/a/b"},
           Row{"../Rel/x", "../rel/x"},
           Row{"./x:y", "./x:y"},
           Row{"a/b:c/d", "a/b:c/d"},
           Row{"file:///Home/A", "file:///home/a"},
           Row{"ftp://host/A/B", "ftp://host/a/b"},
           Row{"https://host", "https://host"},
           Row{"https://host/", "https://host"},
           Row{"https:///a/b", "https:///a/b"},
           Row{"ssh://host:22", "ssh://host:22"},
           Row{"git@host:", "git@host:"},
           Row{"git@host", "git@host"},
       })
    EXPECT_EQ(mortise::normalisedRemote(row.remote).value_or(""), row.expected) << row.remote;
}

TEST(GitRemote, IsNoneOfABlankText) {
  for (const auto* blank : {"", "  ", "\n", "/", ".git", "https://host/.git", "git@host:.git"})
    EXPECT_EQ(mortise::normalisedRemote(blank), std::nullopt) << blank;
}

}  // namespace
}  // namespace session_sharing
