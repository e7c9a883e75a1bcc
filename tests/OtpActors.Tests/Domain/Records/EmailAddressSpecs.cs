using System.Text;
using CsCheck;
using MimeKit;
using MimeKit.Utils;
using OtpActors.Domain.Records;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Records;

public class EmailAddressSpecs
{
    public static TheoryData<string, string> Accepted => new()
    {
        { "sample_email@my_email.com", "sample_email@my_email.com" },
        { "  jane.doe@example.com\t", "jane.doe@example.com" },
        { "Jane.Doe+tag@EXAMPLE.Com", "Jane.Doe+tag@example.com" },
        { "o'neil!#$%&*/=?^`{|}~@example.co.uk", "o'neil!#$%&*/=?^`{|}~@example.co.uk" },
        { "jürgen@bücher.example", "jürgen@xn--bcher-kva.example" },
        { "ju\u0308rgen@example.com", "jürgen@example.com" },
        { "я@ПОЧТА.рф", "я@xn--80a1acny.xn--p1ai" },
        { "\u212Aim@example.com", "Kim@example.com" },
        { "a@b\u3002c", "a@b.c" },
        { "नमस्ते@example.com", "नमस्ते@example.com" },
        { "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
    };

    public static TheoryData<string?, string> Refused => new()
    {
        { null, "empty" },
        { " \t", "empty" },
        { "jane", "name@domain" },
        { "@example.com", "name@domain" },
        { "jane@", "name@domain" },
        { "a@b@example.com", "name@domain" },
        { "jane@localhost", "no dot" },
        { "jane@example..com", "empty label" },
        { "jane@.example.com", "empty label" },
        { "jane@example.com.", "empty label" },
        { "jane@-example.com", "hyphen" },
        { "jane@exa mple.com", "space" },
        { "jane\u00A0doe@example.com", "space" },
        { "jane@exam!ple.com", "domain has a character" },
        { "jane@[127.0.0.1]", "domain has a character" },
        { "jane@\u0430\uFF20b.example", "domain" },
        { ".jane@example.com", "dot" },
        { "jane.@example.com", "dot" },
        { "ja..ne@example.com", "dot" },
        { "\"jane\"@example.com", "before the @" },
        { "jane,joe@example.com", "before the @" },
        { "<jane@example.com>", "before the @" },
        { "Jane <jane@example.com>", "space" },
        { "ja(ne)@example.com", "before the @" },
        { "ja\u037Ene@example.com", "before the @" },
        { "j\u20ACne@example.com", "before the @" },
        { "jane\uD800@example.com", "Unicode" },
        { "jane\u200B@example.com", "invisible" },
        { "jane\uFEFF@example.com", "invisible" },
        { "=?utf-8?q?jane?=@example.com", "encoded word" },
        { "=?utf-8?b?amFuZQ==?=@example.com", "encoded word" },
        { "=?UTF-8*en?Q?=6Aane?=@example.com", "encoded word" },
        { "x=?utf-8?q?jane?=y@example.com", "encoded word" },
        { "=??q?jane?=@example.com", "encoded word" },
        { "=?x?=@example.com", "encoded word" },
        { "ü=?utf-8?q?jane?=@example.com", "encoded word" },
        { "=?utf-8?q?jane_doe@evil.example?=@example.com", "name@domain" },
        { "group:jane@example.com;", "before the @" },
        { "@relay.example:jane@example.com", "name@domain" },
        { "jane\\@example.com", "before the @" },
        { "jane@example.com(comment)", "domain has a character" },
    };

    /// <summary>What would start a header, a line, a tag or another direction of text, wherever it stands.</summary>
    public static TheoryData<string> Injections =>
    [
        "\r\nBcc: x@example.com", "\n", "\r", "\0", "\u0085", "\u2028", "\u2029", "\t", "\u007F",
        "\u202E", "\u202A", "\u2066", "\u2069", "\u200F", "\u061C",
        "<script>", "<!channel>", "\"", "&<>", ", y@example.com", ";",
    ];

    [Theory, MemberData(nameof(Accepted))]
    public void An_address_takes_its_one_form(string text, string expected)
    {
        EmailAddress.TryParse(text, out var address, out var error).ShouldBeTrue(error);
        address.Value.ShouldBe(expected);
        EmailAddress.TryParse(Encoding.UTF8.GetBytes(text), out var fromUtf8, out _).ShouldBeTrue();
        fromUtf8.ShouldBe(address);
    }

    [Theory, MemberData(nameof(Refused))]
    public void What_is_no_address_is_refused_with_its_reason(string? text, string reason)
    {
        EmailAddress.TryParse(text, out var address, out var error).ShouldBeFalse();
        error.ShouldContain(reason);
        address.ShouldBe(default);
    }

    [Theory, MemberData(nameof(Injections))]
    public void Nothing_that_could_be_injected_is_accepted(string payload)
    {
        foreach (var text in new[] { $"ja{payload}ne@example.com", $"jane@exam{payload}ple.com", $"jane@example.{payload}com" })
        {
            EmailAddress.TryParse(text, out _, out _).ShouldBeFalse();
        }

        // Blanks around an address are trimmed; everything else refuses it.
        EmailAddress.TryParse("jane@example.com" + payload, out _, out _).ShouldBe(payload == "\t");
    }

    [Fact]
    public void Lengths_are_octets_after_normalization()
    {
        Parses($"{new string('a', 64)}@example.com").ShouldBeTrue();
        Parses($"{new string('a', 65)}@example.com").ShouldBeFalse();
        Parses($"{new string('ü', 32)}@example.com").ShouldBeTrue();
        Parses($"{new string('ü', 33)}@example.com").ShouldBeFalse();
        Parses($"a@{new string('b', 63)}.com").ShouldBeTrue();
        Parses($"a@{new string('b', 64)}.com").ShouldBeFalse();
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 61), 4));
        Parses($"seven_7@{domain[..^1]}").ShouldBeTrue();
        Parses($"üü_7@{domain}").ShouldBeTrue();
        Parses($"seven_7@{domain}").ShouldBeFalse();
        Parses($"üüx_7@{domain}").ShouldBeFalse();
        Parses(new string('a', 100_000) + "@example.com").ShouldBeFalse();
    }

    /// <summary>RFC 5321 §4.5.3.1.1 and RFC 3696 erratum 1690, which other programs keep to as well.</summary>
    [Theory]
    [InlineData(64, 254, null)]
    [InlineData(65, 254, "the part before the @ is longer than 64 bytes")]
    [InlineData(64, 255, "the address is longer than 254 bytes")]
    public void The_limits_are_those_of_the_standards(int localOctets, int octets, string? expected)
    {
        var domain = string.Join('.', Enumerable.Repeat(new string('d', 49), 4)) + ".example.com";
        var address = $"{new string('a', localOctets)}@{domain[^(octets - localOctets - 1)..]}";
        Encoding.UTF8.GetByteCount(address).ShouldBe(octets);
        EmailAddress.TryParse(address, out _, out var error).ShouldBe(expected is null);
        error.ShouldBe(expected);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused() =>
        Refusal([.. "jane"u8, 0xC3, .. "@example.com"u8]).ShouldBe("the address is not UTF-8");

    [Fact]
    public void A_canonical_address_is_kept_without_a_copy()
    {
        var text = "sample_email@my_email.com";
        Parses(text).ShouldBeTrue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = EmailAddress.TryParse(text, out var address, out _);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        parsed.ShouldBeTrue();
        address.Value.ShouldBeSameAs(text);
    }

    [Fact]
    public void Normalizing_twice_changes_nothing()
    {
        var character = Gen.OneOf(
            Gen.Char["abzABZ019._-+@"], Gen.Char["éßǆΣ漢\u0308\u0301\u212A\u2126ﬁＡ"], Gen.Char);
        Gen.Select(character.Array[1, 12], character.Array[1, 12]).Sample((local, domain) =>
        {
            if (EmailAddress.TryParse($"{new string(local)}@{new string(domain)}.example", out var once, out _))
            {
                EmailAddress.Parse(once.Value).ShouldBe(once);
                once.Value.IsNormalized().ShouldBeTrue();
                EmailAddress.TryParse(Encoding.UTF8.GetBytes(once.Value), out var fromUtf8, out _).ShouldBeTrue();
                fromUtf8.ShouldBe(once);
            }
        }, iter: 20_000);
    }

    [Fact]
    public void As_text_an_address_shows_its_first_character_and_its_domain()
    {
        EmailAddress.Parse("jane@example.com").ToString().ShouldBe("j***@example.com");
        $"{EmailAddress.Parse("𐐷ane@example.com")}".ShouldBe("𐐷***@example.com");
        default(EmailAddress).ToString().ShouldBe("");
    }

    [Fact]
    public void An_error_does_not_repeat_the_address()
    {
        var exception = Should.Throw<FormatException>(() => EmailAddress.Parse("secret name@example.com"));
        exception.ToString().ShouldNotContain("secret");
    }

    /// <summary>As a mail's recipient and as a line of a session, to a reader that decodes whatever looks encoded.</summary>
    [Fact]
    public void A_mail_parser_reads_every_accepted_address_as_it_was_given()
    {
        var character = Gen.OneOf(Gen.Char["abzABZ019._-+=?=?qQbB!#$%&'*/^`{|}~"], Gen.Char["éß漢"], Gen.Char["=?()<>\"\\,;: @[]"]);
        string[] pieces = ["=?", "?=", "?q?", "?b?", "utf-8", "=41", "YQ==", "_", "x"];
        var local = Gen.OneOf(character.Array[1, 12].Select(all => new string(all)), Gen.Int[0, pieces.Length - 1].Array[1, 6].Select(all => string.Concat(all.Select(i => pieces[i]))));
        var accepted = 0;
        local.Sample(text =>
        {
            if (EmailAddress.TryParse($"{text}@bücher.example", out var address, out _))
            {
                Interlocked.Increment(ref accepted);
                var message = new MimeMessage { Body = new TextPart("plain") { Text = "x" } };
                message.To.Add(new MailboxAddress(null, address.Value));
                using var bytes = new MemoryStream();
                var format = FormatOptions.Default.Clone();
                format.International = true;
                message.WriteTo(format, bytes);
                bytes.Position = 0;
                MimeMessage.Load(bytes).To.Mailboxes.ShouldHaveSingleItem().GetAddress(idnEncode: true).ShouldBe(address.Value);
                if (Ascii.IsValid(address.Value))
                {
                    Rfc2047.DecodePhrase(Encoding.ASCII.GetBytes(address.Value)).ShouldBe(address.Value);
                }

                InternetAddressList.Parse(address.Value).Mailboxes.ShouldHaveSingleItem().GetAddress(idnEncode: true).ShouldBe(address.Value);
            }
        }, iter: 20_000);
        accepted.ShouldBeGreaterThan(2_000);
    }

    [Fact]
    public void What_an_earlier_version_has_stored_is_still_read() =>
        EmailAddress.Restore("=?utf-8?q?jane?=@example.com").Value.ShouldBe("=?utf-8?q?jane?=@example.com");

    private static bool Parses(string text) => EmailAddress.TryParse(text, out _, out _);

    private static string? Refusal(ReadOnlySpan<byte> utf8) => EmailAddress.TryParse(utf8, out _, out var error) ? null : error;
}
