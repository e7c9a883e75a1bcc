using CsCheck;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Inputs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Inputs;

public class RecordSourcesSpecs : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private const string Seed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    /// <summary>Computed apart from this program; the last one's first random word is rejected, as one in 46 is.</summary>
    private static readonly string[] GoldenRecords =
    [
        "user-0000000.sm5a67c6@example.com 01498517",
        "user-0000009.sm5a67c6@example.com 93674928",
        "user-0000063.sm5a67c6@example.com 67854366",
    ];

    private static readonly OtpRecord Sample =
        new(EmailAddress.Parse("sample_email@my_email.com"), OneTimePassword.Parse("1234567"));

    private readonly TempDirectory _inputs = new();

    public void Dispose()
    {
        _inputs.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_sample_is_one_record_again_and_again()
    {
        var source = Open(new RecordSpec.Sample(Sample, TimeSpan.FromSeconds(5), 3));
        source.Read().ShouldBe([new(0, Sample, false), new(1, Sample, true), new(2, Sample, true)]);
        source.Read(2).ShouldBe([new(2, Sample, true)]);
        source.Read(3).ShouldBeEmpty();
    }

    [Fact]
    public void The_same_seed_gives_the_same_records_and_another_seed_gives_others()
    {
        var records = Open(new RecordSpec.Generated(1000, Seed)).Read().ToList();
        Open(new RecordSpec.Generated(1000, Seed)).Read().ShouldBe(records);

        var others = Open(new RecordSpec.Generated(1000, RecordSpec.Generated.NewSeed())).Read().ToList();
        others.Select(other => other.Record.Email).ShouldNotContain(email => records[0].Record.Email == email);
        others.Zip(records, (other, own) => other.Record.Otp == own.Record.Otp).Count(same => same).ShouldBeLessThan(3);
    }

    [Fact]
    public void Generated_records_stay_what_they_are_from_version_to_version() =>
        Open(new RecordSpec.Generated(1000, Seed)).Read()
            .Where(source => source.Sequence is 0 or 9 or 63)
            .Select(source => $"{source.Record.Email.Value} {source.Record.Otp.Reveal()}")
            .ShouldBe(GoldenRecords);

    [Fact]
    public void Reading_from_the_middle_equals_skipping()
    {
        var spec = new RecordSpec.Generated(300, Seed);
        var all = Open(spec).Read().ToList();
        Gen.Int[0, 310].Sample(from => Open(spec).Read(from).ShouldBe(all.Skip(from)), iter: 200);
    }

    [Fact]
    public void Generated_addresses_are_distinct_ascending_and_well_formed()
    {
        var addresses = Open(new RecordSpec.Generated(20_000, Seed)).Read().Select(source => source.Record.Email.Value).ToList();
        addresses.Distinct().Count().ShouldBe(20_000);
        addresses.ShouldBe(addresses.Order(StringComparer.Ordinal));
        addresses.ShouldAllBe(address => EmailAddress.Parse(address).Value == address);
    }

    [Fact]
    public void Addresses_stay_ascending_past_the_width_of_small_runs()
    {
        var addresses = Open(new RecordSpec.Generated(100_000_001, Seed)).Read(99_999_998).Select(source => source.Record.Email.Value).ToList();
        addresses.Count.ShouldBe(3);
        addresses.ShouldBe(addresses.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Generated_passwords_are_eight_digits_without_a_favourite()
    {
        var passwords = Open(new RecordSpec.Generated(20_000, Seed)).Read().Select(source => source.Record.Otp.Reveal()).ToList();
        passwords.ShouldAllBe(otp => otp.Length == 8 && otp.All(char.IsAsciiDigit));
        for (var place = 0; place < 8; place++)
        {
            // 2,000 each are expected; five standard deviations are 212.
            passwords.CountBy(otp => otp[place]).ShouldAllBe(digit => Math.Abs(digit.Value - 2_000) < 212);
        }
    }

    [Fact]
    public void A_seed_is_32_random_bytes()
    {
        var seed = RecordSpec.Generated.NewSeed();
        Convert.FromHexString(seed).Length.ShouldBe(32);
        RecordSpec.Generated.NewSeed().ShouldNotBe(seed);
        Open(new RecordSpec.Generated(1, seed)).Read().Single().Record.Email.Value.ShouldNotContain(seed[..8]);
    }

    [Fact]
    public async Task A_copy_read_from_the_middle_equals_skipping()
    {
        var path = _inputs.File("users.csv");
        await File.WriteAllLinesAsync(
            path, Enumerable.Range(0, 50).Select(i => $"user{i % 40}@example.com,{i:D4}").Prepend("email,otp"), Stop);
        var spec = (await RecordSpool.CheckAsync(path, _inputs.Path, "run", false, Stop)).Spec!;

        var all = Open(spec).Read().ToList();
        all.Count.ShouldBe(50);
        for (var from = 0; from <= 50; from++)
        {
            Open(spec).Read(from).ShouldBe(all.Skip(from));
        }
    }

    [Fact]
    public void A_missing_short_or_damaged_copy_says_so()
    {
        Failure().ShouldContain("is not there any more");
        File.WriteAllText(_inputs.File("run.jsonl"), "{\"email\":\"a@example.com\",\"otp\":\"1\"}\n");
        Failure().ShouldContain("ends after 1 of 2 records");
        File.AppendAllText(_inputs.File("run.jsonl"), "{\"email\":\"b@example.com\",\"otp\":\"007");
        Failure().ShouldContain("is damaged in line 2");
        Failure().ShouldNotContain("007");

        string Failure() => Should.Throw<InputFileException>(
            () => Open(new RecordSpec.Spooled("run.jsonl", 2, 2)).Read().Count()).Message;
    }

    [Theory]
    [InlineData("../run.jsonl")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("")]
    public void A_copy_lies_in_its_directory_and_nowhere_else(string name) =>
        Should.Throw<ArgumentException>(() => Open(new RecordSpec.Spooled(name, 1, 1)));

    private IRecordSource Open(RecordSpec spec) => RecordSources.Open(spec, _inputs.Path);
}
