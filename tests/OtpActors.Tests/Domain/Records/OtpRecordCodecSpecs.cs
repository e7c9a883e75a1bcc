using CsCheck;
using OtpActors.Domain.Records;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Records;

public class OtpRecordCodecSpecs
{
    public static TheoryData<byte[]?, byte[]?, string> Refused => new()
    {
        { null, "1"u8.ToArray(), "the record has no key" },
        { "jane@example.com"u8.ToArray(), null, "the record has no value" },
        { [], "1"u8.ToArray(), "the address is empty" },
        { "jane"u8.ToArray(), "1"u8.ToArray(), "the address is not of the form name@domain" },
        { [0xFF], "1"u8.ToArray(), "the address is not UTF-8" },
        { new byte[100_000], "1"u8.ToArray(), "the address is too long" },
        { "jane@example.com"u8.ToArray(), [], "the password is empty" },
        { "jane@example.com"u8.ToArray(), [0xC3], "the password is not UTF-8" },
        { "jane@example.com"u8.ToArray(), new byte[500], "the password has 500 bytes, at most 128 characters are accepted" },
    };

    [Fact]
    public void A_record_comes_back_from_its_bytes() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.String[Gen.Char.AlphaNumeric, 1, 128]).Sample((name, otp) =>
        {
            var record = new OtpRecord(EmailAddress.Parse($"{name}@example.com"), OneTimePassword.Parse(otp));
            OtpRecordCodec.TryDecode(
                OtpRecordCodec.EncodeKey(record.Email), OtpRecordCodec.EncodeValue(record.Otp), out var decoded, out _).ShouldBeTrue();
            decoded.ShouldBe(record);
        });

    [Theory, MemberData(nameof(Refused))]
    public void What_another_producer_wrote_is_refused_with_its_reason(byte[]? key, byte[]? value, string expected)
    {
        OtpRecordCodec.TryDecode(key, value, out var record, out var reason).ShouldBeFalse();
        reason.ShouldBe(expected);
        record.ShouldBe(default);
    }

    [Fact]
    public void Any_bytes_are_decoded_or_refused_without_an_exception() =>
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Byte.Array[0, 40]).Sample((key, value) =>
            OtpRecordCodec.TryDecode(key, value, out _, out var reason).ShouldBe(reason is null));
}
