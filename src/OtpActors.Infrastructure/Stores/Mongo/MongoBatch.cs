using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// A batch on its way, and all decisions about it; no I/O. Records of one identity (address and password) form a group,
/// of which the first is offered to the collection; what stands there afterwards decides about the rest, in their order,
/// as if they came one by one.
/// </summary>
internal sealed class MongoBatch
{
    private readonly IReadOnlyList<StoreRecord> _records;
    private readonly OnExisting _onExisting;
    private readonly Dictionary<(EmailAddress Email, OneTimePassword Otp), int> _groups;
    private readonly int[] _groupOf;
    private readonly List<Group> _all;

    public MongoBatch(IReadOnlyList<StoreRecord> records, OnExisting onExisting)
    {
        (_records, _onExisting) = (records, onExisting);
        _groups = new(records.Count);
        _groupOf = new int[records.Count];
        _all = new(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, (record.Email, record.Otp), out var known);
            if (!known)
            {
                group = _all.Count;
                _all.Add(new Group
                {
                    First = i,
                    Rejection = MongoDocuments.IsTooLarge(record) ? "the document is larger than the 16 MB that MongoDB takes" : null,
                });
            }

            _groupOf[i] = group;
        }
    }

    public StoreRecord this[Place place] => _records[place.Record];

    /// <summary>The first record of each group that can be offered.</summary>
    public List<Place> Firsts()
    {
        var firsts = new List<Place>(_all.Count);
        for (var g = 0; g < _all.Count; g++)
        {
            if (At(g) is { Rejection: null } group)
            {
                firsts.Add(new Place(g, group.First));
            }
        }

        return firsts;
    }

    /// <summary>The first records of groups of which something was in the collection before.</summary>
    public IEnumerable<StoreRecord> Present =>
        _all.Where(group => group is { IsPresent: true, Rejection: null }).Select(group => _records[group.First]);

    /// <summary>What is known of a group changes with every try; what was refused stays so.</summary>
    public void BeginTry()
    {
        foreach (ref var group in CollectionsMarshal.AsSpan(_all))
        {
            (group.IsPresent, group.Collided, group.Stands) = (true, false, null);
        }
    }

    /// <summary>The first record of the group was absent and is there now.</summary>
    public void Inserted(int group)
    {
        ref var inserted = ref At(group);
        inserted.IsPresent = false;
        inserted.Stands = Standing.From(_records[inserted.First]);
    }

    /// <summary>A unique index was in the way.</summary>
    public void Collided(int group) => At(group).Collided = true;

    public void Reject(int group, string reason) => At(group).Rejection = reason;

    /// <summary>A document of the collection, of a group or not.</summary>
    public void Found(StoredOtp document)
    {
        if (_groups.TryGetValue((document.Email, document.Otp), out var group))
        {
            At(group).Stands = new Standing(document.Origin, document.ProducedAt?.ToUnixTimeMilliseconds());
        }
    }

    /// <summary>
    /// A document that is no record, though a look-up of records matches it: what is looked up lies in an array, say. It
    /// stands in the place of a record for good.
    /// </summary>
    public void FoundOther(IEnumerable<string> emails, IReadOnlyCollection<string> otps)
    {
        foreach (var text in emails)
        {
            foreach (var password in otps)
            {
                if (EmailAddress.TryParse(text, out var email, out _) && email.Value == text
                    && OneTimePassword.TryParse(password, out var otp, out _) && _groups.TryGetValue((email, otp), out var group))
                {
                    At(group).Rejection ??= "a document of the collection that is no record holds this address and password "
                        + "(in an array, say), and stands in its place";
                }
            }
        }
    }

    /// <summary>Whether what stands is known of every group.</summary>
    public bool IsKnown => _all.TrueForAll(group => group.Rejection is not null || group.Stands is not null);

    /// <summary>
    /// Refuses what has collided and yet is not there: an index on other fields holds another document against it.
    /// </summary>
    public void RejectCollided()
    {
        foreach (ref var group in CollectionsMarshal.AsSpan(_all))
        {
            if (group is { Collided: true, Stands: null, Rejection: null })
            {
                group.Rejection = "a unique index of the collection, other than the one on email and otp, forbids the document";
            }
        }
    }

    /// <summary>Decides about every record; all groups must be known.</summary>
    /// <param name="replacements">The records that have yet to take the place of older ones.</param>
    public WriteResult Classify(out List<Place> replacements)
    {
        var outcomes = new WriteOutcome[_records.Count];
        var newer = new Dictionary<int, int>();
        Dictionary<int, string>? rejections = null;
        for (var i = 0; i < outcomes.Length; i++)
        {
            ref var group = ref At(_groupOf[i]);
            if (group.Rejection is { } reason)
            {
                outcomes[i] = WriteOutcome.Rejected;
                (rejections ??= [])[i] = reason;
                continue;
            }

            outcomes[i] = Classify(group.Stands!.Value, _records[i], out var replaces);
            if (replaces)
            {
                newer[_groupOf[i]] = i;
                group.Stands = Standing.From(_records[i]);
            }
        }

        replacements = [.. newer.Select(pair => new Place(pair.Key, pair.Value))];
        return new WriteResult(outcomes, rejections);
    }

    private WriteOutcome Classify(Standing stands, in StoreRecord record, out bool replaces)
    {
        replaces = false;
        if (_onExisting == OnExisting.Skip)
        {
            return stands.Origin == record.Origin ? WriteOutcome.Inserted : WriteOutcome.Skipped;
        }

        // A later record of the partition stands for the earlier ones, which it came after.
        if (stands.Origin is { } origin && origin.Topic == record.Origin.Topic
            && origin.Partition == record.Origin.Partition && origin.Offset >= record.Origin.Offset)
        {
            return WriteOutcome.Inserted;
        }

        replaces = stands.ProducedAt is not { } producedAt || record.ProducedAt.ToUnixTimeMilliseconds() >= producedAt;
        return replaces ? WriteOutcome.Inserted : WriteOutcome.Skipped;
    }

    private ref Group At(int group) => ref CollectionsMarshal.AsSpan(_all)[group];

    /// <summary>A record of the batch, by index, and its group.</summary>
    public readonly record struct Place(int Group, int Record);

    /// <param name="ProducedAt">Milliseconds since 1970, as a document keeps it.</param>
    private readonly record struct Standing(RecordOrigin? Origin, long? ProducedAt)
    {
        public static Standing From(in StoreRecord record) => new(record.Origin, record.ProducedAt.ToUnixTimeMilliseconds());
    }

    [SuppressMessage("Performance", "CA1815", Justification = "Changed in place and never compared")]
    private struct Group
    {
        public int First;
        public bool IsPresent;
        public bool Collided;
        public string? Rejection;
        public Standing? Stands;
    }
}
