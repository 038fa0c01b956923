#include "../organisations/invite_mail.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(InviteMail, NamesOrganisationInviterTimeAndLinkInBothLanguages) {
  for (const char* language : {"en", "zh-CN", "fr", ""}) {
    const auto mail = inviteMail(language, "Engines", "ada@x.org", 7, "https://a.example/invites?highlight=inv_1");
    for (const char* part : {"Engines", "ada@x.org", "7", "https://a.example/invites?highlight=inv_1"}) {
      EXPECT_NE(mail.text.find(part), std::string::npos) << language << part;
      EXPECT_NE(mail.html.find(part), std::string::npos) << language << part;
    }
    EXPECT_NE(mail.subject.find("Engines"), std::string::npos);
  }
  EXPECT_EQ(inviteMail("en", "Engines", "", 1, "").subject, "Invite to join Engines");
  EXPECT_EQ(inviteMail("zh-CN", "Engines", "", 1, "").subject, "邀请您加入 Engines");
}

TEST(InviteMail, DoesWithoutInviterAndLink) {
  const auto mail = inviteMail("en", "Engines", "", 1, "");
  EXPECT_NE(mail.text.find("You are invited to join"), std::string::npos);
  EXPECT_NE(mail.text.find("one day"), std::string::npos);
  EXPECT_EQ(mail.html.find("<a "), std::string::npos);
}

TEST(InviteMail, EscapesTheNameOfTheOrganisation) {
  const auto mail = inviteMail("en", "<b>Engines</b>", "", 7, "");
  EXPECT_EQ(mail.html.find("<b>"), std::string::npos);
  EXPECT_NE(mail.text.find("<b>Engines</b>"), std::string::npos);
}

}  // namespace
}  // namespace auth
