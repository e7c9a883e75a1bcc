using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace OtpActors.Domain.Records;

/// <summary>
/// Made-up records: <c>user-0000042.k3f9a2wq@example.com</c>, numbered in ascending order, with eight random digits.
/// Every record is a function of the seed and its number, so reading can start anywhere. Addresses of different runs
/// differ by a tag of 40 bits that follows from the seed without telling it.
/// </summary>
public sealed class GeneratedRecords : IRecordSource
{
    private const int PasswordsPerBlock = HMACSHA256.HashSizeInBytes / sizeof(uint);
    private const uint Passwords = 100_000_000;

    /// <summary>The largest multiple of <see cref="Passwords"/> in 32 bits: words from here on would favour some.</summary>
    private const uint UnbiasedWords = uint.MaxValue / Passwords * Passwords;

    private readonly long _count;
    private readonly byte[] _seed;
    private readonly string _numberFormat;
    private readonly string _suffix;

    public GeneratedRecords(RecordSpec.Generated spec)
    {
        _count = spec.Count;
        _seed = Convert.FromHexString(spec.Seed);
        _numberFormat = "D" + Math.Max(7, (spec.Count - 1).ToString(CultureInfo.InvariantCulture).Length);
        _suffix = $".{Tag(_seed)}@example.com";
    }

    public IEnumerable<SourceRecord> Read(long from = 0)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _seed);
        var block = new byte[HMACSHA256.HashSizeInBytes];
        var blockNumber = -1L;
        for (var sequence = from; sequence < _count; sequence++)
        {
            if (sequence / PasswordsPerBlock != blockNumber)
            {
                blockNumber = sequence / PasswordsPerBlock;
                Fill(hmac, block, blockNumber, attempt: 0);
            }

            var number = sequence.ToString(_numberFormat, CultureInfo.InvariantCulture);
            var email = EmailAddress.Parse($"user-{number}{_suffix}");
            var otp = OneTimePassword.Parse(Digits(hmac, block, sequence).ToString("D8", CultureInfo.InvariantCulture));
            yield return new SourceRecord(sequence, new OtpRecord(email, otp), Repeated: false);
        }
    }

    private static uint Digits(IncrementalHash hmac, ReadOnlySpan<byte> block, long sequence)
    {
        var (blockNumber, index) = Math.DivRem(sequence, PasswordsPerBlock);
        var word = Word(block, index);
        Span<byte> again = stackalloc byte[HMACSHA256.HashSizeInBytes];
        for (var attempt = 1; word >= UnbiasedWords; attempt++)
        {
            Fill(hmac, again, blockNumber, attempt);
            word = Word(again, index);
        }

        return word % Passwords;
    }

    private static uint Word(ReadOnlySpan<byte> block, long index) =>
        BinaryPrimitives.ReadUInt32BigEndian(block[(int)(index * sizeof(uint))..]);

    private static void Fill(IncrementalHash hmac, Span<byte> block, long blockNumber, int attempt)
    {
        Span<byte> message = stackalloc byte[sizeof(long) + sizeof(int)];
        BinaryPrimitives.WriteInt64BigEndian(message, blockNumber);
        BinaryPrimitives.WriteInt32BigEndian(message[sizeof(long)..], attempt);
        hmac.AppendData(message);
        hmac.GetHashAndReset(block);
    }

    private static string Tag(byte[] seed)
    {
        const string alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(seed, "tag"u8, hash);
        Span<char> tag = stackalloc char[8];
        for (var i = 0; i < tag.Length; i++)
        {
            tag[i] = alphabet[hash[i] % alphabet.Length];
        }

        return tag.ToString();
    }
}
