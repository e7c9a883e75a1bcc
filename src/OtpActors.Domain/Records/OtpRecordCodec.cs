using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace OtpActors.Domain.Records;

/// <summary>A record in a topic: the address as the key, the password as the value, both as UTF-8.</summary>
public static class OtpRecordCodec
{
    public static byte[] EncodeKey(EmailAddress email) => Encoding.UTF8.GetBytes(email.Value);

    public static byte[] EncodeValue(OneTimePassword otp) => Encoding.UTF8.GetBytes(otp.Reveal());

    /// <summary>
    /// Accepts whatever another producer may have written. <paramref name="reason"/> says why a record is none of ours,
    /// without repeating any of it.
    /// </summary>
    public static bool TryDecode(
        byte[]? key, byte[]? value, out OtpRecord record, [NotNullWhen(false)] out string? reason)
    {
        record = default;
        if (key is null || value is null)
        {
            reason = key is null ? "the record has no key" : "the record has no value";
            return false;
        }

        if (!EmailAddress.TryParse(key, out var email, out reason)
            || !OneTimePassword.TryParse(value, out var otp, out reason))
        {
            return false;
        }

        record = new OtpRecord(email, otp);
        return true;
    }
}
