// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// function holds the facts about a declared function that the rule needs.
type function struct {
	takes []string        // the mutexes that it takes itself
	waits []string        // the other things that it may wait for
	calls map[string]bool // the functions that it calls
	held  []fault         // the faults that it commits while it holds a mutex
}

// fault is something that a function does while it holds a mutex.
type fault struct {
	at     token.Position
	mutex  string
	callee string // a function of ours, which is a fault if it takes a mutex or waits
	what   string // or a fault in any case
}

// givenUnderMutex are functions that call their function argument while they hold a mutex. The walker looks at the argument as if
// its body stood there.
var givenUnderMutex = map[string]bool{
	"(*" + speaker + ".store).update":     true,
	"(*" + speaker + ".peer).note":        true,
	"(*" + speaker + ".peer).changeStale": true,
}

// pure are fields and parameters with functions that only compute.
var pure = map[string]string{
	"newKey": "a family's key of a path",
	"change": "given to store.update: see givenUnderMutex",
	"yield":  "the body of a loop over NLRI, which is looked at where it stands",
}

// waiting are packages whose functions may wait for something outside the process.
var waiting = []string{"net", "os", "io", "syscall", "golang.org/x/sys/unix", "github.com/go-logr/logr", "time.Sleep", "sync.WaitGroup"}

// values are packages whose interfaces are of values: their methods only compute.
var values = []string{"hash", "k8s.io/apimachinery/pkg/apis/meta/v1", "k8s.io/apimachinery/pkg/labels"}

// ofValue reports whether a call is of a method that a value's interface has, be it from another interface.
func (w *walker) ofValue(call *ast.CallExpr) bool {
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	named, ok := types.Unalias(w.info.TypeOf(selector.X)).(*types.Named)
	return ok && types.IsInterface(named) && named.Obj().Pkg() != nil && slices.Contains(values, named.Obj().Pkg().Path())
}

// walker looks at one function.
type walker struct {
	*source
	set     *token.FileSet
	methods map[string][]string // methods of ours by package and name, for calls by interfaces of ours
	f       *function
	mutex   string // that is held, "" for none
}

func (w *walker) fault(n ast.Node, what string) {
	if w.mutex != "" {
		w.f.held = append(w.f.held, fault{at: w.set.Position(n.Pos()), mutex: w.mutex, what: what})
	}
}

func (w *walker) wait(n ast.Node, what string) {
	w.f.waits = append(w.f.waits, what)
	w.fault(n, what)
}

// block walks statements in order.
func (w *walker) block(list []ast.Stmt) {
	for _, s := range list {
		w.statement(s)
	}
}

// branch walks a part that may be left out: where it ends the function, what it unlocked is locked for what follows.
func (w *walker) branch(list []ast.Stmt) {
	before := w.mutex
	w.block(list)
	if len(list) == 0 {
		return
	}
	switch last := list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		w.mutex = before
	case *ast.ExprStmt:
		if call, ok := last.X.(*ast.CallExpr); ok {
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "panic" {
				w.mutex = before
			}
		}
	}
}

func (w *walker) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		w.block(s.List)
	case *ast.IfStmt:
		w.nodes(s.Init, s.Cond)
		w.branch(s.Body.List)
		if s.Else != nil {
			w.branch([]ast.Stmt{s.Else})
		}
	case *ast.ForStmt:
		w.nodes(s.Init, s.Cond)
		w.branch(s.Body.List)
		w.nodes(s.Post)
	case *ast.RangeStmt:
		if _, channel := w.info.TypeOf(s.X).Underlying().(*types.Chan); channel {
			w.wait(s, "receives from a channel")
		}
		w.nodes(s.X)
		w.branch(s.Body.List)
	case *ast.SwitchStmt:
		w.nodes(s.Init, s.Tag)
		w.cases(s.Body)
	case *ast.TypeSwitchStmt:
		w.nodes(s.Init, s.Assign)
		w.cases(s.Body)
	case *ast.SelectStmt:
		w.selects(s)
	case *ast.LabeledStmt:
		w.statement(s.Stmt)
	case *ast.GoStmt:
		w.elsewhere(s.Call.Fun)
		for _, arg := range s.Call.Args {
			w.nodes(arg)
		}
	case *ast.DeferStmt:
		if name, method := w.mutexMethod(s.Call); name == "" || method != "Unlock" {
			w.nodes(s.Call)
		}
	default:
		w.nodes(s)
	}
}

func (w *walker) cases(body *ast.BlockStmt) {
	for _, c := range body.List {
		clause := c.(*ast.CaseClause)
		for _, e := range clause.List {
			w.nodes(e)
		}
		w.branch(clause.Body)
	}
}

// selects allows a select with a default, which does not wait.
func (w *walker) selects(s *ast.SelectStmt) {
	waits := true
	for _, c := range s.Body.List {
		waits = waits && c.(*ast.CommClause).Comm != nil
	}
	if waits {
		w.wait(s, "waits in a select")
	}
	for _, c := range s.Body.List {
		w.branch(c.(*ast.CommClause).Body)
	}
}

// elsewhere walks a function that runs in a goroutine of its own.
func (w *walker) elsewhere(e ast.Expr) {
	if literal, ok := e.(*ast.FuncLit); ok {
		w.inner(literal, "")
	}
}

// inner walks a function literal with that mutex held.
func (w *walker) inner(literal *ast.FuncLit, mutex string) {
	before := w.mutex
	w.mutex = mutex
	w.block(literal.Body.List)
	w.mutex = before
}

// nodes walks expressions and simple statements.
func (w *walker) nodes(list ...ast.Node) {
	for _, n := range list {
		if n == nil {
			continue
		}
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				w.inner(n, w.mutex)
				return false
			case *ast.SendStmt:
				w.wait(n, "sends to a channel")
			case *ast.UnaryExpr:
				if n.Op == token.ARROW {
					w.wait(n, "receives from a channel")
				}
			case *ast.CallExpr:
				w.call(n)
				return false
			}
			return true
		})
	}
}

// mutexMethod names the mutex and the method where the call is of one.
func (w *walker) mutexMethod(call *ast.CallExpr) (mutex, method string) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	f, ok := w.info.Uses[selector.Sel].(*types.Func)
	if !ok {
		return "", ""
	}
	for _, receiver := range []string{"(*sync.Mutex).", "(*sync.RWMutex).R", "(*sync.RWMutex)."} {
		if method, ok = strings.CutPrefix(f.FullName(), receiver); ok {
			return types.ExprString(selector.X), method
		}
	}
	return "", ""
}

func (w *walker) call(call *ast.CallExpr) {
	mutex, method := w.mutexMethod(call)
	switch method {
	case "Lock":
		w.fault(call, "takes "+mutex)
		w.f.takes = append(w.f.takes, mutex)
		w.mutex = mutex
		return
	case "Unlock":
		w.mutex = ""
		return
	}
	name := w.callee(call)
	for _, arg := range call.Args {
		if literal, ok := arg.(*ast.FuncLit); ok && givenUnderMutex[name] {
			w.inner(literal, "the mutex of "+name)
			continue
		}
		w.nodes(arg)
	}
	if literal, ok := call.Fun.(*ast.FuncLit); ok {
		w.inner(literal, w.mutex)
	} else if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		w.nodes(selector.X)
	}
}

// callee notes whom the call is of, and names a function of ours.
func (w *walker) callee(call *ast.CallExpr) string {
	fun := ast.Unparen(call.Fun)
	switch index := fun.(type) {
	case *ast.IndexExpr:
		fun = index.X
	case *ast.IndexListExpr:
		fun = index.X
	}
	var name *ast.Ident
	switch e := fun.(type) {
	case *ast.Ident:
		name = e
	case *ast.SelectorExpr:
		name = e.Sel
	default:
		return ""
	}
	switch object := w.info.Uses[name].(type) {
	case *types.Func:
		return w.function(call, object.Origin())
	case *types.Var:
		if pure[object.Name()] == "" {
			w.fault(call, "calls a function that is not named: "+object.Name())
		}
	}
	return ""
}

func (w *walker) function(call *ast.CallExpr, f *types.Func) string {
	name := f.FullName()
	pkg := f.Pkg()
	if pkg == nil {
		return "" // error.Error
	}
	recv := f.Signature().Recv()
	if !ours(pkg.Path()) {
		if slices.Contains(values, pkg.Path()) || w.ofValue(call) {
			return ""
		}
		if recv != nil && types.IsInterface(recv.Type()) && strings.Contains(pkg.Path(), ".") {
			w.wait(call, "calls "+name+", which others implement")
			return ""
		}
		for _, other := range waiting {
			if pkg.Path() == other || strings.HasPrefix(strings.TrimLeft(name, "(*"), other) && strings.Contains(other, ".") {
				w.wait(call, "calls "+name)
			}
		}
		return ""
	}
	if recv != nil && types.IsInterface(recv.Type()) {
		if pkg.Path() != w.types.Path() { // of another package: transport
			w.wait(call, "calls "+name)
			return ""
		}
		for _, method := range w.methods[pkg.Path()+"."+f.Name()] {
			w.note(call, method)
		}
		return ""
	}
	w.note(call, name)
	return name
}

func (w *walker) note(call *ast.CallExpr, name string) {
	w.f.calls[name] = true
	if w.mutex != "" {
		w.f.held = append(w.f.held, fault{at: w.set.Position(call.Pos()), mutex: w.mutex, callee: name})
	}
}
