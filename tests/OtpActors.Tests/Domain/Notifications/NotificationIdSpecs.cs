using CsCheck;
using OtpActors.Domain.Notifications;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Notifications;

public class NotificationIdSpecs
{
    private static readonly EmailAddress Jane = EmailAddress.Parse("jane@example.com");
    private static readonly OneTimePassword Otp = OneTimePassword.Parse("0012");

    [Fact]
    public void An_id_is_the_same_from_version_to_version() =>
        NotificationId.For("run1", "mongo", "mail", Jane).ShouldBe("run1.mongo.mail.8c87b489ce35cf2e");

    [Fact]
    public void Ids_differ_where_run_store_channel_or_address_differ()
    {
        string[] ids =
        [
            NotificationId.For("run1", "mongo", "mail", Jane),
            NotificationId.For("run2", "mongo", "mail", Jane),
            NotificationId.For("run1", "cassandra", "mail", Jane),
            NotificationId.For("run1", "mongo", "slack", Jane),
            NotificationId.For("run1", "mongo", "mail", EmailAddress.Parse("joe@example.com")),
        ];
        ids.ShouldBeUnique();
    }

    [Fact]
    public void An_id_tells_nothing_of_the_address_and_is_fit_for_a_file_name() =>
        Gen.String[Gen.Char.AlphaNumeric, 1, 30].Sample(name =>
            NotificationId.For("run1", "mongo", "mail", EmailAddress.Parse($"{name}@example.com"))
                .ShouldMatch("^run1\\.mongo\\.mail\\.[0-9a-f]{16}$"));

    [Fact]
    public void A_retry_has_the_id_of_the_first_attempt_whatever_its_password()
    {
        var other = OneTimePassword.Parse("9999");
        new OtpMail("run1", "mongo", Jane, Otp).MessageId.ShouldBe(new OtpMail("run1", "mongo", Jane, other).MessageId);
        new SlackMessage("run1", "mongo", Jane, Otp).Id.ShouldBe(new SlackMessage("run1", "mongo", Jane, other).Id);
    }
}
