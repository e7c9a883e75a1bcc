using System.Text;
using System.Text.Json;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Records;

public class OneTimePasswordSpecs
{
    private const string Canary = "0073914";

    private static readonly OneTimePassword Otp = OneTimePassword.Parse(Canary);
    private static readonly OtpRecord Record = new(EmailAddress.Parse("jane@example.com"), Otp);

    [Theory]
    [InlineData("0")]
    [InlineData("0001234")]
    [InlineData("aB c")]
    [InlineData("пароль")]
    [InlineData("🔑")]
    [InlineData("e\u0301")]
    [InlineData("नमस्ते")]
    [InlineData("~!@#$%^&*()_+|}{\":?><`-=\\][';/., x")]
    public void A_password_is_kept_as_it_is(string text)
    {
        OneTimePassword.Parse(text).Reveal().ShouldBe(text);
        OneTimePassword.TryParse(Encoding.UTF8.GetBytes(text), out var fromUtf8, out _).ShouldBeTrue();
        fromUtf8.ShouldBe(OneTimePassword.Parse(text));
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("  ", "blank")]
    [InlineData("12\n34", "control")]
    [InlineData("12\u002834\u2028", "control")]
    [InlineData("12\r34", "control")]
    [InlineData("\t12", "control")]
    [InlineData("12\0", "control")]
    [InlineData("12\u0085", "control")]
    [InlineData("12\u2029", "control")]
    [InlineData("12\u200B", "invisible")]
    [InlineData("\u200D12", "invisible")]
    [InlineData("1\u200C2", "invisible")]
    [InlineData("\uFEFF12", "invisible")]
    [InlineData("1\u202E2", "invisible")]
    [InlineData("1\u20662", "invisible")]
    [InlineData("1\u200E2", "invisible")]
    [InlineData("1\u00AD2", "invisible")]
    [InlineData("1\u20602", "invisible")]
    [InlineData("1\u034F2", "invisible")]
    [InlineData("\u3164", "invisible")]
    [InlineData("\u2800", "invisible")]
    [InlineData("1\uFE0F", "invisible")]
    [InlineData("1\U000E0101", "invisible")]
    [InlineData("1\U000E0041", "invisible")]
    [InlineData("1\uFFFD", "invisible")]
    [InlineData("1\uE000", "not assigned")]
    [InlineData("1\U000F0000", "not assigned")]
    [InlineData("1\u0378", "not assigned")]
    [InlineData("1\uFFFF", "not assigned")]
    [InlineData(" 12", "begins or ends with a blank")]
    [InlineData("12 ", "begins or ends with a blank")]
    [InlineData("\u00A012", "blank")]
    [InlineData("1\u00A02", "not a space")]
    [InlineData("1\u30002", "not a space")]
    [InlineData("\u0301e", "begins with a mark")]
    public void What_is_no_password_is_refused_with_its_reason(string? text, string reason)
    {
        OneTimePassword.TryParse(text, out _, out var error).ShouldBeFalse();
        error.ShouldContain(reason);
    }

    [Theory]
    [InlineData(" 12")]
    [InlineData("12\u200B")]
    [InlineData("1\uE0002")]
    public void What_an_earlier_version_has_stored_is_still_read(string text)
    {
        OneTimePassword.TryParse(text, out _, out _).ShouldBeFalse();
        OneTimePassword.Restore(text).Reveal().ShouldBe(text);
        OneTimePassword.TryRestore(text + "\n", out _).ShouldBeFalse();
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        foreach (var text in new[] { "12\uD83D", "\uDD1112", "\uD83D1" })
        {
            OneTimePassword.TryParse(text, out _, out var error).ShouldBeFalse();
            error.ShouldBe("the password is not Unicode text");
        }
    }

    [Fact]
    public void The_longest_password_has_128_characters_in_either_encoding()
    {
        var longest = new string('漢', OneTimePassword.MaxLength);
        OneTimePassword.TryParse(longest, out _, out _).ShouldBeTrue();
        OneTimePassword.TryParse(Encoding.UTF8.GetBytes(longest), out _, out _).ShouldBeTrue();
        OneTimePassword.TryParse(longest + "1", out _, out _).ShouldBeFalse();
        OneTimePassword.TryParse(Encoding.UTF8.GetBytes(longest + "1"), out _, out var error).ShouldBeFalse();
        error.ShouldContain("128");
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        OneTimePassword.TryParse([0x31, 0xFF], out _, out var error).ShouldBeFalse();
        error.ShouldBe("the password is not UTF-8");
    }

    public static TheoryData<string> Texts =>
    [
        Otp.ToString(),
        $"{Otp}",
        string.Concat("otp ", Otp),
        string.Format(null, "{0}", Otp),
        new StringBuilder().Append(Otp).ToString(),
        Record.ToString(),
        new SourceRecord(1, Record, Repeated: false).ToString(),
        new RecordSpec.Sample(Record, TimeSpan.FromSeconds(5), 4).ToString(),
        new OtpLine(3, Record, null).ToString(),
        new OtpMail("run", "cassandra", Record.Email, Otp).ToString(),
        new SlackMessage("run", "mongo", Record.Email, Otp).ToString(),
        SlackPayload.For(new SlackMessage("run", "mongo", Record.Email, Otp), new SlackOptions()).ToString(),
        new StoredOtp(Record.Email, Otp, null, null, null).ToString(),
        JsonSerializer.Serialize(Otp),
        JsonSerializer.Serialize(Record),
        JsonSerializer.Serialize(new Dictionary<string, OneTimePassword> { ["otp"] = Otp }),
        JsonSerializer.Serialize(new OtpMail("run", "cassandra", Record.Email, Otp)),
        new InvalidOperationException($"Cannot store {Record} of {Otp}").ToString(),
    ];

    [Theory, MemberData(nameof(Texts))]
    public void However_it_becomes_text_a_password_is_masked(string text)
    {
        text.ShouldNotContain(Canary);
        text.ShouldContain(OneTimePassword.Mask);
    }

    [Fact]
    public void The_seed_of_made_up_passwords_is_not_in_the_text_of_its_spec()
    {
        var seed = RecordSpec.Generated.NewSeed();
        new RecordSpec.Generated(3, seed).ToString().ShouldNotContain(seed);
    }

    [Fact]
    public void No_refusal_repeats_the_password()
    {
        foreach (var text in new[] { Canary + "\n", Canary + "\uD800", Canary + new string('x', 128) })
        {
            Should.Throw<FormatException>(() => OneTimePassword.Parse(text)).ToString().ShouldNotContain(Canary);
        }

        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<OneTimePassword>($"\"{Canary}\""))
            .ToString().ShouldNotContain(Canary);
    }
}
