using System.Text;

namespace OtpActors.Infrastructure.Stores.Embedded;

/// <summary>Topic names out of rows: neighbours mostly share one, which is then one string.</summary>
internal sealed class TopicNames
{
    private byte[] _utf8 = [];
    private string _name = "";

    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (!utf8.SequenceEqual(_utf8))
        {
            _utf8 = utf8.ToArray();
            _name = Encoding.UTF8.GetString(utf8);
        }

        return _name;
    }
}
