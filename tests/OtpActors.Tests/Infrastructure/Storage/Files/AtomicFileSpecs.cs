using System.Text;
using OtpActors.Infrastructure.Storage.Files;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Storage.Files;

public class AtomicFileSpecs : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_file_is_written_once_and_its_content_asked_for_once()
    {
        AtomicFile.WriteOnce(_directory.Path, "a.txt", () => "first"u8.ToArray()).ShouldBeTrue();
        AtomicFile.WriteOnce(_directory.Path, "a.txt", () => throw new InvalidOperationException()).ShouldBeFalse();
        File.ReadAllText(_directory.File("a.txt")).ShouldBe("first");
        _directory.Names().ShouldBe(["a.txt"]);
    }

    [Fact]
    public async Task Of_many_writers_one_wins_and_its_file_is_whole()
    {
        var writers = Enumerable.Range(0, 16).Select(writer => Task.Run(() => AtomicFile.WriteOnce(
            _directory.Path, "a.txt", () => Encoding.ASCII.GetBytes(new string((char)('a' + writer), 10_000)))));
        (await Task.WhenAll(writers)).Count(won => won).ShouldBe(1);

        var content = await File.ReadAllTextAsync(_directory.File("a.txt"), TestContext.Current.CancellationToken);
        content.ShouldBe(new string(content[0], 10_000));
        _directory.Names().ShouldBe(["a.txt"]);
    }

    [Fact]
    public void Nothing_appears_before_it_is_whole()
    {
        using var file = AtomicFile.CreateTemporary(_directory.Path, "a.txt");
        file.Write("half"u8);
        file.Flush();
        _directory.Names().ShouldHaveSingleItem().ShouldEndWith(AtomicFile.TemporarySuffix);

        // What an interrupted writer leaves is in nobody's way.
        AtomicFile.WriteOnce(_directory.Path, "a.txt", () => "whole"u8.ToArray()).ShouldBeTrue();
        File.ReadAllText(_directory.File("a.txt")).ShouldBe("whole");
        AtomicFile.Discard(file);
        _directory.Names().ShouldBe(["a.txt"]);
    }

    [Theory]
    [InlineData("../a.txt")]
    [InlineData("b/a.txt")]
    [InlineData(".")]
    [InlineData("")]
    public void A_name_cannot_lead_out_of_the_directory(string name) =>
        Should.Throw<ArgumentException>(() => AtomicFile.WriteOnce(_directory.Path, name, () => []));
}
